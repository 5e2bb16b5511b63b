/** Find the files that were dropped, also those inside of folders. */

/** Return all files of a DataTransfer, in its order. Call it in the handler of the drop event. */
export async function filesOf(transfer) {
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    // Both must be called now: after the first await the transfer is closed.
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const found = await Promise.all(
    entries.map(({ entry, file }) => (entry?.isDirectory ? filesIn(entry) : [file])),
  );
  return found.flat().filter((file) => file !== null);
}

/** Return the files below a folder, each with its path as `relativePath`. */
async function filesIn(folder) {
  const reader = folder.createReader();
  const files = [];
  for (;;) {
    // A reader returns a part of the folder at a time, and an empty list at the end.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files;
    for (const entry of entries) {
      if (entry.isDirectory) files.push(...(await filesIn(entry)));
      else {
        const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
        // A File of an entry has no webkitRelativePath.
        file.relativePath = entry.fullPath;
        files.push(file);
      }
    }
  }
}
