// Does the main job with kitsu, and prints the result of each step as one line of JSON.

const {url, bucket, file, derived} = JSON.parse(process.argv[2])
const ids = list => list.map(one => one.id)
const caught = promise => promise.then(() => null, error => error)

async function main() {
  const {default: Kitsu} = await import(`${process.env.NODE_PATH}/kitsu/dist/index.mjs`)
  const api = new Kitsu({
    baseURL: `${url}/api/v1`, pluralize: false, resourceCase: 'none', camelCaseTypes: false,
  })
  const steps = {}
  const created = await api.create('metadata', {
    type: 'metadata', bucket, fileIdentifier: file, acCaption: 'A leaf', acTags: ['fern'],
    dcCreator: {data: {type: 'person', id: '8c5dd3a9-6a7e-4b0c-9d1f-0c6c1a5e7b11'}},
  })
  const {id} = created.data
  steps.create = [created.status, created.data.acCaption, created.data.acTags]
  const other = await api.create('metadata', {
    type: 'metadata', bucket, dcFormat: 'text/html', acCaption: 'A page',
    resourceExternalURL: 'https://museum.example/7',
  })
  const derivative = await api.create('derivative', {
    type: 'derivative', fileIdentifier: derived, dcType: 'IMAGE', derivativeType: 'LARGE_IMAGE',
    acDerivedFrom: {data: {type: 'metadata', id}},
  })
  steps.createDerivative = derivative.status

  const listed = await api.get('metadata', {params: {filter: {bucket}, page: {limit: 1}, sort: 'createdOn'}})
  steps.list = [ids(listed.data).join() === id, listed.meta.totalResourceCount]
  const next = await api.axios.get(listed.links.next)
  steps.next = next.data.data[0].id === other.data.id
  const filter = {bucket, acCaption: {LIKE: 'A l%'}, dcType: 'IMAGE'}
  steps.filter = ids((await api.get('metadata', {params: {filter}})).data).join() === id
  const descending = await api.get('metadata', {params: {filter: {bucket}, sort: '-createdOn'}})
  steps.sort = ids(descending.data).join() === [other.data.id, id].join()

  const shown = await api.get(`metadata/${id}`, {params: {
    include: 'derivatives,dcCreator', fields: {derivative: 'derivativeType,dcType'},
  }})
  const large = shown.data.derivatives.data.find(one => one.derivativeType === 'LARGE_IMAGE')
  steps.include = [large.id === derivative.data.id, shown.data.dcCreator.data.type]
  const {related, self} = shown.data.derivatives.links
  steps.related = ids((await api.axios.get(related)).data.data).includes(derivative.data.id)
  steps.linkage = ids((await api.axios.get(self)).data.data).includes(derivative.data.id)
  const below = await api.get(`metadata/${id}/derivatives`, {params: {filter: {derivativeType: 'LARGE_IMAGE'}}})
  steps.below = ids(below.data).join() === derivative.data.id
  const source = await api.get(`derivative/${derivative.data.id}/acDerivedFrom`)
  steps.source = source.data.acCaption
  const linkage = await api.get(`metadata/${id}/relationships/derivatives`)
  steps.relationships = ids(linkage.data).includes(derivative.data.id)

  const changed = await api.update('metadata', {type: 'metadata', id, acCaption: 'A frond', acTags: []})
  steps.patch = [changed.status, changed.data.acCaption, changed.data.acTags ?? null]
  // kitsu takes the last part of a path for the type, so its axios sends bulk requests.
  const trip = [id, other.data.id].map(one => ({type: 'metadata', id: one, attributes: {sourceSet: 'trip'}}))
  steps.bulk = (await api.axios.patch('metadata/bulk', {data: trip}, {headers: api.headers}))
    .data.data.map(one => one.attributes.sourceSet)
  const creator = `metadata/${id}/relationships/dcCreator`
  steps.patchRelationship = (await api.axios.patch(creator, {data: null}, {headers: api.headers})).status
  steps.creator = (await api.get(creator)).data
  steps.slash = (await api.axios.get('metadata/', {params: {page: {limit: 1}}})).data.data.length
  const refused = await caught(api.update('metadata', {type: 'metadata', id, orientation: 9}))
  steps.refused = refused.errors.map(one => [one.status, one.source.pointer])

  steps.delete = (await api.remove('derivative', derivative.data.id)).status
  const gone = await caught(api.get(`derivative/${derivative.data.id}`))
  steps.gone = gone.errors[0].status
  return steps
}

main().then(
  steps => process.stdout.write(`${JSON.stringify(steps)}\n`),
  error => { console.error(error, error.errors, error.config?.url); process.exitCode = 1 },
)
