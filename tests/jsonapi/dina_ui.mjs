// Sends every request that dina-ui 0.227 sends to the functions of the two specifications, in its
// shapes, and prints the results as one line of JSON: [file of dina-ui, request, status, result].
//
// dina-ui uses kitsu's axios with its own headers, kitsu-core's `deserialise` and the cache of
// axios-cache-interceptor. Its proxy turns /api/objectstore-api into /api/v1.
const load = path => import(`${process.env.NODE_PATH}/${path}`)
const {default: axios} = await load('axios/index.js')
const {default: Kitsu} = await load('kitsu/dist/index.mjs')
const {deserialise} = await load('kitsu-core/dist/index.mjs')
const {buildMemoryStorage, setupCache} = await load('axios-cache-interceptor/dist/index.mjs')

const {url, bucket, jpeg, user} = JSON.parse(process.argv[2])
const JSON_API = 'application/vnd.api+json'
const BULK = {'Content-Type': `${JSON_API}; ext=bulk`, Accept: JSON_API}
const ONE = {Accept: JSON_API, 'Content-Type': JSON_API, 'Crnk-Compact': 'true'}
const PERMISSION = {'include-dina-permission': 'true'}
const NOBODY = '8c5dd3a9-6a7e-4b0c-9d1f-0c6c1a5e7b11'
const PERSON = {type: 'person', id: NOBODY}

const kitsu = new Kitsu({
  baseURL: `${url}/api`, headers: {'Crnk-Compact': 'true'}, pluralize: false, resourceCase: 'none',
})
const http = axios.getAdapter('http')
kitsu.axios.defaults.adapter = config => { sent++; return http(config) }
kitsu.axios = setupCache(kitsu.axios, {
  location: 'client', storage: buildMemoryStorage(false, 1000, 100), ttl: 1,
})
let last, sent = 0
kitsu.axios.interceptors.request.use(config => {
  config.url = config.url.replace(/^\/?objectstore-api\//, 'v1/')
  return config
})
kitsu.axios.interceptors.response.use(
  response => { last = response; return response },
  error => { last = error.response; throw error },
)

// As its api client: GET with kitsu's headers and query, and as kitsu-core reads the response.
async function get(path, {header, responseType, ...params} = {}) {
  const headers = {...kitsu.headers, ...header}
  const {data} = await kitsu.axios.get(path, {headers, params, responseType, timeout: 0})
  return responseType ? data : deserialise(data)
}
const root = path => `/objectstore-api/${path}`
const getOne = path => kitsu.axios.get(root(path), {headers: ONE}).then(({data}) => deserialise(data))
const post = (path, data) => kitsu.axios.post(root(path), {data}, {headers: ONE}).then(r => r.data.data)
const patch = (type, id, rest) => kitsu.axios
  .patch(root(`${type}/${id}`), {data: {type, id, ...rest}}, {headers: ONE}).then(r => r.data.data)
const remove = path => kitsu.axios.delete(root(path), {headers: {'Content-Type': JSON_API}})
const bulk = (method, type, data) => kitsu.axios[method](root(`${type}/bulk`), {data}, {headers: BULK})
  .then(r => r.data.data)
// As its bulk GET: what is missing is left out of the next try and becomes null.
async function bulkLoad(type, ids, include) {
  const missing = []
  for (let attempt = 0; attempt < 3; attempt++) {
    const data = ids.filter(id => !missing.includes(id)).map(id => ({type, id}))
    const query = include ? `?${new URLSearchParams({include})}` : ''
    try {
      const response = await kitsu.axios.post(root(`${type}/bulk-load${query}`), {data}, {headers: BULK})
      const found = Object.fromEntries(deserialise(response.data).data.map(one => [one.id, one]))
      return ids.map(id => found[id] ?? null)
    } catch (error) {
      missing.push(...error.response.data.errors.map(one => one.source.pointer.split('/').at(-1)))
    }
  }
  throw new Error('the third try failed, too')
}
async function upload(path, name, type) {
  const form = new FormData()
  const content = type ? `<#-- ${name} -->` : Buffer.from(jpeg, 'base64')
  form.append('file', new File([content], name, {type: type ?? 'image/jpeg'}))
  const {data} = await kitsu.axios.post(root(path), form, {timeout: 0})
  return {id: data.data.id, type: data.data.type, meta: data.data.meta, ...data.data.attributes}
}
async function nameOfDownload(path) {
  const response = await kitsu.axios.get(root(path), {responseType: 'arraybuffer', timeout: 0})
  const given = response.headers['content-disposition']
  return given.slice(given.indexOf('filename=') + 'filename='.length).replaceAll('"', '')
}
const search = (field, value) => ({[field]: {ILIKE: `%${value}%`}})

const results = []
// Performs one call. `expected` is the status, and `check` what dina-ui reads from the response.
async function call(file, request, perform, {expected = 200, check = () => true} = {}) {
  const before = sent
  last = undefined
  let value, problem
  try { value = await perform() } catch (error) { problem = error }
  const status = last?.status ?? 0
  const errors = last?.data?.errors?.map(one => one.code).join()
  let result = 'ok'
  try {
    if (sent === before) result = 'was not sent'
    else if (status !== expected) result = errors ?? String(problem)
    else if (problem && expected < 400) result = String(problem)
    else if (expected < 400 && !check(value)) result = `unexpected: ${JSON.stringify(value)?.slice(0, 300)}`
  } catch (error) { result = String(error) }
  results.push([file, request, status, result])
  return value
}

const group = bucket
// ---------------------------------------------------------------- uploads
await call('FileUploader', 'GET config/file-upload', () => get('objectstore-api/config/file-upload'),
  {check: ({data}) => data['max-file-size']})
const first = await call('FileUploadProvider', 'POST file/{group}', () => upload(`file/${group}`, 'a leaf.jpg'),
  {check: one => one.id && one.originalFilename === 'a leaf.jpg' && one.dcType === 'IMAGE'})
const second = await call('FileUploadProvider', 'POST file/{group}, the same content again',
  () => upload(`file/${group}`, 'b.jpg'), {check: one => one.meta.warnings.duplicate_found})
const third = await call('FileUploadProvider (report template)', 'POST file/{group} with a blob of text/x-freemarker-template',
  () => upload(`file/${group}`, 'report.ftlh', 'text/x-freemarker-template'),
  {check: one => one.receivedMediaType === 'text/x-freemarker-template'})
await call('FileUploadProvider', 'POST file/{group} of a forbidden type', () => {
  const form = new FormData()
  form.append('file', new File([Buffer.from('504b0506'.padEnd(44, '0'), 'hex')], 'a.zip', {type: 'application/zip'}))
  return kitsu.axios.post(root(`file/${group}`), form, {timeout: 0})
}, {expected: 415})
const large = await call('FileUploadProvider', 'POST file/{group}/derivative',
  () => upload(`file/${group}/derivative`, 'large.jpg'), {check: one => one.isDerivative && one.bucket === group})

// ---------------------------------------------------------------- metadata of uploads
await call('UploadingMetadataBulkEditor', 'GET object-upload/{id} (one of several)', () => getOne(`object-upload/${first.id}`),
  {check: ({data}) => data.originalFilename})
await call('UploadingMetadataBulkEditor', 'POST object-upload/bulk-load', () => bulkLoad('object-upload', [first.id, second.id]),
  {check: list => list.every(one => one.dcType === 'IMAGE')})
await call('MetadataUpload', 'GET object-upload/{id}', () => getOne(`object-upload/${third.id}`))
const defaults = await call('UploadingMetadataBulkEditor, MetadataUpload', 'GET config/default-values',
  () => get('objectstore-api/config/default-values'), {check: ({data}) => Array.isArray(data.values)})
const rights = defaults.data.values.find(one => one.attribute === 'xmpRightsWebStatement')?.value
await call('UploadingMetadataBulkEditor, MetadataUpload', 'GET license?filter[url]=… in the path',
  () => get(`objectstore-api/license?filter[url]=${rights}`), {check: ({data}) => Array.isArray(data)})
const licenses = await call('MetadataForm (licence)', 'GET license?page[limit]=6',
  () => get('objectstore-api/license', {page: {limit: 6}}), {check: ({data}) => data[0].titles.en})
const license = licenses.data[0].url
await call('useMetadata, MetadataDetails', 'GET license with filter {url}',
  () => get('objectstore-api/license', {filter: {url: license}}), {check: ({data}) => data.length === 1})
const drawing = {attributes: {dcType: 'IMAGE', acSubtype: `DRAWING ${bucket.toUpperCase()}`}}
const subtype = await call('object-subtype/edit', 'POST object-subtype with a client-made id',
  () => post('object-subtype', {type: 'object-subtype', id: crypto.randomUUID(), ...drawing}), {expected: 201})
await call('MetadataForm, external-resource-edit (subtype)', 'GET object-subtype, search and dcType',
  () => get('objectstore-api/object-subtype', {
    filter: {...search('acSubtype', 'DRAW'), dcType: {EQ: 'IMAGE'}}, page: {limit: 6}, sort: '-createdOn',
  }), {check: ({data}) => data.some(one => one.acSubtype.startsWith('DRAWING'))})
const attribute = await call('ManagedAttributeForm', 'POST managed-attribute', () => post('managed-attribute', {
  type: 'managed-attribute', id: crypto.randomUUID(), attributes: {
    name: `Leaf colour ${bucket}`, vocabularyElementType: 'STRING', acceptedValues: ['red', 'green'],
    multilingualDescription: {descriptions: [{lang: 'en', desc: 'Of the leaf'}]},
  },
}), {expected: 201, check: one => one.attributes.key})
const key = attribute.attributes.key
await call('ManagedAttributesEditor', 'GET managed-attribute with filter {key}', () => get('objectstore-api/managed-attribute', {
  header: ONE, filter: {key: {EQ: key}},
}), {check: ({data}) => data.length === 1 && data[0].id === attribute.id})
await call('ManagedAttributesEditor (select)', 'GET managed-attribute, search, page of 20',
  () => get('objectstore-api/managed-attribute', {filter: search('name', 'leaf'), page: {limit: 20}, sort: '-createdOn'}),
  {check: ({data}) => data.length >= 1})
const description = (file, id) => ({
  type: 'metadata', id, attributes: {
    bucket, fileIdentifier: file.id, acCaption: file.originalFilename, originalFilename: file.originalFilename,
    dcType: 'IMAGE', acDigitizationDate: null, xmpRightsWebStatement: '', orientation: null,
    managedAttributes: {[key]: 'red'}, acSubtype: drawing.attributes.acSubtype,
  },
  relationships: {acMetadataCreator: {data: PERSON}, dcCreator: {data: PERSON}},
})
const own = crypto.randomUUID()
const leaf = await call('MetadataUpload, useMetadataSave', 'POST metadata with a client-made id',
  () => post('metadata', description(first, own)), {expected: 201, check: one => one.id === own})
const chosen = crypto.randomUUID()
const [other] = await call('MetadataBulkEditor', 'POST metadata/bulk with client-made ids', () => bulk('post', 'metadata', [
  description(second, chosen),
  {...description(third, crypto.randomUUID()), attributes: {bucket, fileIdentifier: third.id}},
]), {check: list => list.length === 2 && list[0].id === chosen})

// ---------------------------------------------------------------- derivatives
const derivative = await call('upload (derivative)', 'POST derivative', () => kitsu.axios.post(root('derivative'), {data: {
  type: 'derivative',
  attributes: {bucket: large.bucket, derivativeType: 'LARGE_IMAGE', fileIdentifier: large.id, dcType: large.dcType},
  relationships: {acDerivedFrom: {data: {type: 'metadata', id: leaf.id}}},
}}, {headers: {'Content-Type': JSON_API}}).then(r => r.data.data), {expected: 201, check: one => one.id})
const sources = {include: 'acDerivedFrom,generatedFromDerivative'}
await call('useDerivativeEditQuery', 'GET derivative/{id} with include',
  () => get(`objectstore-api/derivative/${derivative.id}`, sources),
  {check: ({data}) => data.acDerivedFrom.data.originalFilename === 'a leaf.jpg'})
await call('useDerivativeMetadataViewQuery', 'GET derivative/{id} with include and permissions',
  () => get(`objectstore-api/derivative/${derivative.id}`, {...sources, header: PERMISSION}),
  {check: ({data}) => data.meta.permissions.includes('delete')})
await call('useDerivative… (join)', 'GET object-upload/{id}', () => getOne(`object-upload/${large.id}`),
  {check: ({data}) => data.sizeInBytes > 0})
await call('DerivativeForm', 'PATCH derivative/{id}', () => patch('derivative', derivative.id, {
  attributes: {acTags: ['fern'], publiclyReleasable: true, dcType: 'IMAGE'},
}), {check: one => one.attributes.acTags[0] === 'fern'})

// ---------------------------------------------------------------- metadata: read and change
const path = `objectstore-api/metadata/${leaf.id}`
await call('useMetadataEditQuery', 'GET metadata/{id}?include=dcCreator,derivatives', () => get(path, {include: 'dcCreator,derivatives'}),
  {check: ({data}) => data.dcCreator.data.id === NOBODY && data.derivatives.data.length >= 1})
await call('useMetadataEditQueries', 'GET metadata/{id}?include=dcCreator,derivatives, for each of several',
  () => get(`objectstore-api/metadata/${other.id}`, {include: 'dcCreator,derivatives'}))
const shown = await call('useMetadataViewQuery', 'GET metadata/{id} with three includes and permissions',
  () => get(path, {include: 'acMetadataCreator,dcCreator,derivatives', header: PERMISSION}),
  {check: ({data}) => data.meta.permissionsProvider && data.acMetadataCreator.data.id === NOBODY})
await call('useMetadataViewQuery (join)', 'GET object-upload/{id}', () => getOne(`object-upload/${first.id}`))
const derived = shown.data.derivatives.data
const files = [...derived.map(one => one.fileIdentifier), NOBODY]
await call('useMetadataViewQuery (derivatives)', 'POST object-upload/bulk-load, some are missing',
  () => bulkLoad('object-upload', files), {check: list => list.at(-1) === null && list.some(one => one?.id === large.id)})
await call('useMetadataSave', 'PATCH metadata/{id}, changed values and a relationship', () => patch('metadata', leaf.id, {
  attributes: {acCaption: 'A frond', xmpRightsWebStatement: license, managedAttributes: {[key]: 'green'}},
  relationships: {dcCreator: {data: null}},
}), {check: one => one.attributes.acCaption === 'A frond' && one.relationships.dcCreator === undefined})
await call('useMetadataSave', 'PATCH metadata/{id}, cleared values', () => patch('metadata', leaf.id, {
  attributes: {acSubtype: null, dcRights: '', xmpRightsWebStatement: '', acTags: [], acDigitizationDate: null},
}), {check: one => one.attributes.dcRights === null && one.attributes.acSubtype === undefined})
await call('MetadataBulkEditor', 'PATCH metadata/bulk', () => bulk('patch', 'metadata', [leaf, other].map(one => ({
  type: 'metadata', id: one.id, attributes: {acTags: ['fern'], publiclyReleasable: false, notPubliclyReleasableReason: 'Not yet'},
}))), {check: list => list.every(one => one.attributes.acTags[0] === 'fern')})
await call('useMetadataSave', 'PATCH metadata/{id} with a wrong value', () => patch('metadata', leaf.id, {attributes: {orientation: 9}}),
  {expected: 422})
await call('AttachmentsField, AttachmentReadOnlySection', 'GET metadata', () => get('objectstore-api/metadata'),
  {check: ({meta}) => meta.totalResourceCount >= 3})
await call('AttachmentsField, ExistingAttachmentsTable', 'POST metadata/bulk-load?include=derivatives, some are missing',
  () => bulkLoad('metadata', [leaf.id, NOBODY, other.id], 'derivatives'),
  {check: ([one, none]) => none === null && one.derivatives.data.some(it => it.id === derivative.id)})
await call('AttachmentsField, ExistingAttachmentsTable', 'GET metadata/{id}?include=derivatives, for one', () => getOne(`metadata/${leaf.id}?include=derivatives`))
await call('ExistingAttachmentsTable', 'GET metadata/{id} that is missing', () => getOne(`metadata/${NOBODY}`), {expected: 404})
await call('useMaterialSample', 'POST metadata/bulk-load', () => bulkLoad('metadata', [leaf.id, other.id]), {check: list => list[1].id === other.id})
await call('useMaterialSample', 'GET /metadata/{id} with two slashes', () => getOne(`/metadata/${leaf.id}`))
await call('useGenericMolecularAnalysisRun (results)', 'POST metadata/bulk-load, some are missing', () => bulkLoad('metadata', [NOBODY, leaf.id]),
  {check: list => list[0] === null})
await call('useGenericMolecularAnalysisRun (attachments)', 'GET metadata/{id}', () => kitsu.axios.get(`objectstore-api/metadata/${other.id}`, {headers: ONE}))
for (const file of ['MolecularAnalysisResultsStep (items)', 'MolecularAnalysisResultsStep (quality controls)']) {
  const name = file.includes('items') ? 'leaf' : 'b.jpg'
  await call(file, 'GET metadata, search of originalFilename', () => get('objectstore-api/metadata', {filter: search('originalFilename', name)}),
    {check: ({data}) => data.some(one => one.originalFilename.includes(name))})
}
await call('useMolecularAnalysisExportAPI', 'POST metadata/bulk-load?include=derivatives', () => bulkLoad('metadata', [other.id, leaf.id], 'derivatives'))
await call('workbook/generator', 'GET metadata with filters {acSubtype.acSubtype, bucket IN}', () => get('objectstore-api/metadata', {
  filter: {'acSubtype.acSubtype': {EQ: drawing.attributes.acSubtype}, bucket: {IN: `${bucket},other`}},
  page: {limit: 25, offset: 0}, sort: '-createdOn',
}), {check: ({data, meta}) => data.length === 1 && data[0].id === other.id && meta.totalResourceCount === 1})
await call('useColumnMapping', 'GET resource-name-identifier with filters in the path', () => get(
  `objectstore-api/resource-name-identifier?filter[group][EQ]=${group}&filter[type][EQ]=metadata`, {page: {limit: 1000}},
), {check: ({data}) => data.some(one => one.name === 'a leaf.jpg')})
await call('useColumnMapping', 'GET managed-attribute?page[limit]=1000', () => get('objectstore-api/managed-attribute', {page: {limit: 1000}}))
await call('WorkbookFieldSelectField', 'GET managed-attribute, search, sort=name', () => get('objectstore-api/managed-attribute', {
  filter: search('name', 'colour'), page: {limit: 6}, sort: 'name',
}), {check: ({data}) => data.length >= 1})
await call('revisions', 'GET metadata/{id}', () => get(path))
const version = {page: {limit: 25, offset: 0}, sort: '-createdOn'}
await new Promise(resolve => setTimeout(resolve, 1500)) // the audit follows the changes
await call('RevisionsPageLayout (revisions)', 'GET audit-snapshot with filter {instanceId}, sort=-createdOn', () => get('objectstore-api/audit-snapshot', {
  filter: {instanceId: `metadata/${leaf.id}`}, ...version,
}), {check: ({data, meta}) => data[0].changedProperties && data[0].state && meta.totalResourceCount >= 1})
await call('RevisionsPageLayout (revisions-by-user)', 'GET audit-snapshot with filter {author}', () => get('objectstore-api/audit-snapshot', {
  filter: {author: user}, ...version,
}), {check: ({data}) => data.length > 0})

// ---------------------------------------------------------------- files
const blob = {responseType: 'arraybuffer'}
await call('FileView, image-view', 'GET file/{bucket}/{id} as a blob', () => get(root(`file/${bucket}/${first.id}`), blob), {check: bytes => bytes.byteLength > 0})
await call('FileView, DerivativeList', 'GET file/{bucket}/derivative/{id} as a blob', () => get(root(`file/${bucket}/derivative/${large.id}`), blob),
  {check: bytes => bytes.byteLength > 0})
const thumbnail = derived.find(one => one.derivativeType === 'THUMBNAIL_IMAGE')
await call('useMetadataThumbnailPath', 'GET file/{bucket}/derivative/{id} of the thumbnail',
  () => get(root(`file/${bucket}/derivative/${thumbnail.fileIdentifier}`), blob), {check: bytes => bytes.byteLength > 0})
await call('handleDownloadLink (FileView)', 'GET file/{bucket}/{id}, and its name', () => nameOfDownload(`file/${bucket}/${first.id}?`),
  {check: name => name === 'a leaf.jpg'})
await call('handleDownloadLink (DerivativeList)', 'GET file/{bucket}/derivative/{id}, and its name',
  () => nameOfDownload(`file/${bucket}/derivative/${large.id}?`), {check: name => name === 'large.jpg'})
await call('handleDownloadLink (workbook/generator)', 'GET file/{bucket}/{id}, and its name', () => nameOfDownload(`file/${bucket}/${third.id}`),
  {check: name => name === 'report.ftlh'})
await call('image-view', 'GET object-upload/{id} with fields', () => get(`objectstore-api/object-upload/${first.id}`, {
  fields: {'object-upload': 'isDerivative,bucket'},
}), {check: ({data}) => data.bucket === bucket && data.isDerivative === false && data.sha1Hex === undefined})
await call('image-view', 'GET object-upload/{id} that is missing', () => get(`objectstore-api/object-upload/${NOBODY}`), {expected: 404})
await call('image-view (derivative)', 'GET derivative with filter {fileIdentifier}', () => get('objectstore-api/derivative', {
  filter: {fileIdentifier: {EQ: large.id}}, page: {limit: 1},
}), {check: ({data}) => data[0].bucket === bucket})

// ---------------------------------------------------------------- exports
const exported = attributes => post('object-export', {type: 'object-export', id: crypto.randomUUID(), attributes})
await call('useMolecularAnalysisExportAPI', 'POST object-export with a layout', () => exported({
  fileIdentifiers: [first.id, second.id], exportLayout: {'run 1/': [first.id], 'run 2/': [second.id]}, name: 'runs',
}), {expected: 201})
await call('export', 'POST object-export with aliases', () => exported({
  fileIdentifiers: [large.id, second.id], name: 'leaves', filenameAliases: {[first.id]: 'A leaf', [large.id]: 'Large', [second.id]: null},
}), {expected: 201})
await call('export', 'POST object-export with a function', () => exported({
  fileIdentifiers: [first.id], name: 'small', exportFunction: {functionDef: 'IMG_RESIZE', params: {factor: '0.5'}},
}), {expected: 201})

// ---------------------------------------------------------------- external resources
await call('external-resource-edit (format)', 'GET media-type with filter {mediaType LIKE}', () => get('objectstore-api/media-type', {
  filter: {mediaType: {LIKE: 'image/%'}}, page: {limit: 6},
}), {check: ({data}) => data.length === 6 && data[0].mediaType.startsWith('image/')})
const external = await call('external-resource-edit', 'POST metadata', () => post('metadata', {
  type: 'metadata', id: crypto.randomUUID(), attributes: {
    bucket, resourceExternalURL: 'https://museum.example/7.jpg', dcFormat: 'image/jpeg', fileExtension: '.jpg',
    acCaption: 'Elsewhere', publiclyReleasable: true,
  }, relationships: {acMetadataCreator: {data: PERSON}},
}), {expected: 201, check: one => one.attributes.fileExtension === '.jpg'})
await call('external-resource-edit', 'GET metadata/{id}?include=dcCreator,derivatives in the path',
  () => get(`objectstore-api/metadata/${external.id}?include=dcCreator,derivatives`), {check: ({data}) => data.resourceExternalURL})
await call('external-resource-edit', 'PATCH metadata/{id}', () => patch('metadata', external.id, {
  attributes: {fileExtension: '.jpeg', acCaption: ''}, relationships: {dcCreator: {data: PERSON}},
}), {check: one => one.attributes.fileExtension === '.jpeg'})

// ---------------------------------------------------------------- vocabulary
const page = {page: {limit: 25, offset: 0}, sort: '-createdOn'}
await call('managed-attribute/list', 'GET managed-attribute, newest first', () => get('/objectstore-api/managed-attribute', page),
  {check: ({data, meta}) => data.length && meta.totalResourceCount})
await call('managed-attribute/list (filter)', 'GET managed-attribute?fiql=name==*…*', () => get('/objectstore-api/managed-attribute', {...page, fiql: `name==*${bucket}*`}),
  {check: ({data}) => data.length === 1})
await call('managed-attribute/edit, view', 'GET managed-attribute/{id}', () => get(`objectstore-api/managed-attribute/${attribute.id}`), {check: ({data}) => data.key === key})
await call('ManagedAttributeForm', 'PATCH managed-attribute/{id}', () => patch('managed-attribute', attribute.id, {
  attributes: {acceptedValues: ['red', 'green', 'brown'], name: 'Leaf colour', key},
}), {check: one => one.attributes.acceptedValues.length === 3})
await call('object-subtype/list', 'GET object-subtype, newest first', () => get('objectstore-api/object-subtype', page), {check: ({data}) => data.length})
await call('object-subtype/edit', 'GET object-subtype/{id}', () => get(`objectstore-api/object-subtype/${subtype.id}`))
await call('object-subtype/edit', 'PATCH object-subtype/{id}', () => patch('object-subtype', subtype.id, {
  attributes: {acSubtype: drawing.attributes.acSubtype, dcType: 'IMAGE', createdBy: user},
}))

// ---------------------------------------------------------------- permissions and service
const check = attributes => kitsu.axios.post(root('permission-check'), {data: {type: 'metadata', attributes}}).then(r => r.data.data.attributes)
const evaluated = await call('usePermissionsCheck', 'POST permission-check with no attributes', () => check({}), {check: one => one.evaluatedAttributes.length})
await call('usePermissionsCheck', 'POST permission-check with attributes', () => check(Object.fromEntries(
  (evaluated?.evaluatedAttributes ?? ['bucket']).map(name => [name, {group, bucket, createdBy: user}[name] ?? '']),
)), {check: one => one.permissions})
await call('useSystemInfoCheck', 'GET api-info', () => get('objectstore-api/api-info'), {check: ({data}) => data.id})

// ---------------------------------------------------------------- deletions
await call('DeleteButton (derivative)', 'DELETE derivative/{id}', () => remove(`derivative/${derivative.id}`), {expected: 204})
await call('DeleteButton (metadata)', 'DELETE metadata/{id}', () => remove(`metadata/${leaf.id}`), {expected: 204})
await call('withResponse', 'GET metadata/{id} that was deleted, and the link to its audit', () => get(path), {expected: 410})
const about = last.data.errors[0].links.about.split('=').at(-1)
if (about !== `metadata/${leaf.id}`) results.at(-1)[3] = about
await call('useGenericMolecularAnalysisRun', 'POST metadata/bulk-load, one was deleted', () => bulkLoad('metadata', [other.id, leaf.id]),
  {check: list => list[0].id === other.id && list[1] === null})
for (const one of [other, external]) {
  await call('BulkDeleteButton (object/list)', 'DELETE metadata/{id}, one after the other', () => kitsu.axios.delete(root(`metadata/${one.id}`)), {expected: 204})
}
await call('DeleteButton (object-subtype)', 'DELETE object-subtype/{id}', () => remove(`object-subtype/${subtype.id}`), {expected: 204})
await call('DeleteButton (managed-attribute)', 'DELETE managed-attribute/{id}', () => remove(`managed-attribute/${attribute.id}`), {expected: 204})

process.stdout.write(`${JSON.stringify(results)}\n`)
