// Runs the code of docs/dina-ui.md with the axios of dina-ui, and prints what it returns or throws.

const {readFileSync} = require('node:fs')
const {url, bucket, code, path, name, mediaType, isDerivative} = JSON.parse(process.argv[2])
const modules = process.env.NODE_PATH

async function main() {
  const {default: Kitsu} = await import(`${modules}/kitsu/dist/index.mjs`)
  const {setupCache} = require(`${modules}/axios-cache-interceptor`)
  // As dina-ui makes its client. Its proxy sends /objectstore-api to Coffer.
  const client = new Kitsu({
    baseURL: `${url}/api`, headers: {'Crnk-Compact': 'true'}, pluralize: false, resourceCase: 'none',
  })
  const axios = setupCache(client.axios, {ttl: 1000})
  axios.interceptors.request.use(request => {
    request.url = request.url.replace('/objectstore-api', '/v1')
    return request
  })
  axios.interceptors.response.use(answer => answer, error => { throw new Error(error.message) })
  const {MAX_DIRECT_UPLOAD_BYTES, uploadLargeFile} = await import(`file://${code}`)
  const file = new File([readFileSync(path)], name, {type: mediaType})
  if (file.size <= MAX_DIRECT_UPLOAD_BYTES) throw new Error(`${file.size} bytes are no large file`)
  return uploadLargeFile(axios, file, bucket, isDerivative)
}

main().then(
  returned => console.log(JSON.stringify({returned})),
  error => console.log(JSON.stringify({thrown: error.message})),
)
