// The main job with the types that openapi-typescript generated, and openapi-fetch. Prints what it saw
// as JSON, with the same members as `main_job.py`. Arguments: the API, a token, a bucket, a picture,
// a large file.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];
type Result = { data?: unknown; error?: unknown; response: Response };
const [, , baseUrl = "", token = "", bucket = "", picture = "", large = ""] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

/** Returns the data of a response that has some. */
function some<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): NonNullable<T> {
  if (data === undefined || data === null) throw new Error(`${response.status} ${response.url} ${JSON.stringify(error)}`);
  return data;
}

/** Returns the status and the code of an error. */
function refusal({ error, response }: { error?: Schemas["ErrorDocument"] | Schemas["GatewayMessage"]; response: Response }) {
  if (error === undefined || !("errors" in error)) throw new Error(`${response.status} ${JSON.stringify(error)}`);
  return [response.status, error.errors[0]?.code];
}

const base64 = async (blob: Blob, end?: number) => Buffer.from(await blob.slice(0, end).arrayBuffer()).toString("base64");
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

/** Uploads a file straight to S3 with a presigned POST and returns its identifier. */
async function send(originalFilename: string, receivedMediaType: string, content: Buffer): Promise<string> {
  const offers = some(await api.POST("/api/v1/upload/{bucket}", {
    params: { path: { bucket } },
    body: { files: [{ originalFilename, receivedMediaType, sizeInBytes: content.length }] },
  }));
  const offer = offers.files[0]!;
  const form = new FormData();
  for (const [name, value] of Object.entries(offer.upload.fields)) form.append(name, value);
  form.append("file", new Blob([new Uint8Array(content)]));
  const stored = await fetch(offer.upload.url, { method: offer.upload.method, body: form });
  if (!stored.ok) throw new Error(await stored.text());
  return offer.fileIdentifier;
}

/** Uploads a picture with the form of the API. */
const post = (target: string, content: Buffer) => api.POST("/api/v1/file/{bucket}", {
  params: { path: { bucket: target } },
  body: { file: "" },
  bodySerializer: () => {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(content)], { type: "image/png" }), "Lichen.png");
    return form;
  },
});

/** Waits until the content was inspected and the thumbnail is made; returns the object upload. */
async function inspected(id: string) {
  for (let tries = 0; tries < 600; tries += 1) {
    const { data } = await api.GET("/api/v1/object-upload/{id}", { params: { path: { id } } });
    if (data !== undefined && data.data.attributes.thumbnailStatus !== "PENDING") return data.data;
    await pause();
  }
  throw new Error("The upload was not inspected.");
}

/** Creates metadata of a file. */
const describe = (fileIdentifier: string, acCaption: string) => api.POST("/api/v1/metadata", {
  params: { header: { "Idempotency-Key": `describe ${fileIdentifier}` } },
  body: {
    data: {
      type: "metadata",
      attributes: {
        bucket, fileIdentifier, dcType: "IMAGE", acCaption,
        acDigitizationDate: "2020-02-03T04:05:00Z", publiclyReleasable: false,
      },
    },
  },
});

/** Changes the caption of a record if it has this ETag. */
const change = (id: string, tag: string) => api.PATCH("/api/v1/metadata/{id}", {
  params: { path: { id }, header: { "If-Match": tag } },
  body: { data: { type: "metadata", id, attributes: { acCaption: "New", sourceSet: null } } },
});

/** Returns the captions of the records that the test made, page by page. */
async function pages() {
  const captions: (string | undefined | null)[] = [];
  const createdOn = new Date(Date.now() - 3_600_000).toISOString();
  let cursor: string | null | undefined;
  do {
    const page = some(await api.GET("/api/v1/metadata", {
      params: {
        query: {
          "filter[bucket]": bucket, "filter[dcType]": "IMAGE", "filter[originalFilename][ILIKE]": "L%",
          "filter[createdOn][GE]": createdOn,
          "filter[publiclyReleasable]": false, sort: "-createdOn", "page[limit]": 1,
          include: "derivatives,dcCreator", "fields[metadata]": "acCaption,derivatives",
          ...(cursor ? { "page[cursor]": cursor } : {}),
        },
      },
    }));
    captions.push(...page.data.map((one) => one.attributes.acCaption));
    cursor = page.links.next && new URL(page.links.next).searchParams.get("page[cursor]");
  } while (cursor);
  return captions;
}

/** Returns the archive of files. */
async function archiveOf(fileIdentifiers: string[]) {
  const created = some(await api.POST("/api/v1/object-export", {
    body: { data: { type: "object-export", attributes: { fileIdentifiers, name: "birds" } } },
  }));
  const path = { id: created.data.id };
  for (let tries = 0; tries < 600; tries += 1) {
    const found = some(await api.GET("/api/v1/object-export/{id}", { params: { path } }));
    if (found.data.attributes.status === "COMPLETED") break;
    await pause();
  }
  const key = some(await api.POST("/api/v1/object-export/{id}/key", { params: { path } })).data.id;
  return some(await api.GET("/api/v1/toa/{key}", { params: { path: { key } }, parseAs: "blob" }));
}

async function work() {
  const health = some(await api.GET("/api/v1/health"));
  const content = readFileSync(picture);
  const first = await send("leaf.png", "image/png", content);
  const upload = (await inspected(first)).attributes;
  const flat = some(await post(bucket, content));
  if (!("fileIdentifier" in flat)) throw new Error("The flat object is missing.");
  const second = await inspected(flat.fileIdentifier);
  const created = await describe(first, "First");
  const record = some(created).data;
  const again = some(await describe(first, "First")).data;
  if (again.id !== record.id) throw new Error("The same request created two records.");
  const other = some(await describe(second.id, "Second")).data;
  const listed = await pages();
  const found = some(await api.GET("/api/v1/metadata", {
    params: { query: { fiql: "acCaption==Fir*;createdOn=gt=2026-01-01", include: "derivatives" } },
  }));
  const tag = created.response.headers.get("ETag")!;
  const changed = await change(record.id, tag);
  const after = some(changed).data.attributes;
  const download = { params: { path: { bucket, fileId: first } }, parseAs: "blob" } as const;
  const stored = await api.GET("/api/v1/file/{bucket}/{fileId}", download);
  const thumbnail = await api.GET("/api/v1/file/{bucket}/{fileId}/thumbnail", download);
  const asBytes = await api.GET("/api/v1/file/{bucket}/{fileId}/thumbnail", {
    ...download, headers: { Accept: "application/octet-stream" },
  });
  const huge = await send("large.bin", "application/octet-stream", readFileSync(large));
  await inspected(huge);
  const redirected = some(await api.GET("/api/v1/file/{bucket}/{fileId}", {
    params: { path: { bucket, fileId: huge } }, parseAs: "blob",
  }));
  const typeOf = (result: Result) => result.response.headers.get("Content-Type");
  const metadata = (id: string) => api.GET("/api/v1/metadata/{id}", { params: { path: { id } } });
  return {
    health: health.status,
    upload: [upload.originalFilename, upload.uploadStatus, upload.thumbnailStatus],
    direct: [flat.originalFilename, second.attributes.sizeInBytes],
    created: [created.response.status, record.attributes.dcType, tag],
    date: Date.parse(record.attributes.acDigitizationDate!) / 1000,
    listed,
    found: found.data.map((one) => one.attributes.acCaption),
    included: (found.included ?? []).map((one) => one.type),
    changed: [after.acCaption, after.sourceSet, changed.response.headers.get("ETag")],
    conflict: refusal(await change(record.id, tag)),
    file: await base64(some(stored)),
    fileType: typeOf(stored),
    thumbnail: await base64(some(thumbnail), 3),
    thumbnailTypes: [typeOf(thumbnail), typeOf(asBytes)],
    large: redirected.size,
    archive: await base64(await archiveOf([first, second.id])),
    deleted: (await api.DELETE("/api/v1/metadata/{id}", { params: { path: { id: record.id } } })).response.status,
    gone: refusal(await metadata(record.id)),
    missing: refusal(await metadata("00000000-0000-0000-0000-000000000001")),
    refused: refusal(await post("other", content)),
    there: some(await metadata(other.id)).data.attributes.acCaption,
  };
}

work().then((seen) => console.log(JSON.stringify(seen)));
