// Starts Uppy with the options that a test names, and records its events for the test.
import Uppy from '@uppy/core'
import AwsS3 from '@uppy/aws-s3'
import GoldenRetriever from '@uppy/golden-retriever'

const RECORDED = [
  'upload-success', 'upload-error', 'complete', 'restored', 'info-visible',
  's3-multipart:part-uploaded',
]

window.events = []

window.start = ({options, multipart, recover, announceSizes}) => {
  const uppy = new Uppy(
    announceSizes
      ? {onBeforeFileAdded: file => ({...file, meta: {...file.meta, sizeInBytes: file.size}})}
      : {},
  )
  uppy.use(AwsS3, {...options, ...(multipart === null ? {} : {shouldUseMultipart: multipart})})
  for (const name of RECORDED) {
    uppy.on(name, (...values) => window.events.push(describe(name, uppy, values)))
  }
  if (recover) uppy.use(GoldenRetriever)
  window.uppy = uppy
}

function describe(name, uppy, [first, second]) {
  if (name === 'info-visible') {
    const {message, details} = uppy.getState().info.at(-1) ?? {}
    return {name, message, details}
  }
  if (name === 'upload-success') return {name, file: first.name, id: first.id, response: second}
  if (name === 'upload-error') return {name, file: first.name, id: first.id, message: second.message}
  if (name === 's3-multipart:part-uploaded') return {name, part: second.PartNumber}
  return {name}
}

// Adds a file as Uppy's Dashboard does, whose `relativePath` is null for a file without a folder.
window.add = ({name, type, data, meta}) =>
  window.uppy.addFile({name, type, data, source: 'test', meta: {relativePath: null, ...meta}})

window.addText = ({name, type, text, meta}) =>
  window.add({name, type, data: new File([text], name, {type, lastModified: 1}), meta})

document.querySelector('input').addEventListener('change', event => {
  for (const file of event.target.files) {
    window.add({name: file.name, type: file.type, data: file})
  }
  event.target.value = ''
})

window.ready = true
