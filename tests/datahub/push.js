// Pushes the dataset of a folder with datahub-client, as data-cli does, and prints what came of it
// as one line of JSON: what /source/upload answered, which files were uploaded, or the error.
const {DataHub} = require('datahub-client')
const {Dataset} = require('data.js')

async function main() {
  const {folder, flow, findability, ...client} = JSON.parse(process.argv[2])
  const datahub = new DataHub(client)
  const uploaded = []
  datahub.on('upload', ({file, completed}) => completed && uploaded.push(file))
  try {
    const response = flow
      ? await datahub.pushFlow(`${folder}/flow.yaml`, `${folder}/datapackage.json`)
      : await datahub.push(await Dataset.load(folder), {findability})
    return {response, uploaded}
  } catch (error) {
    return {error: error.message, uploaded}
  } finally {
    datahub.close()
  }
}

main().then(outcome => process.stdout.write(`${JSON.stringify(outcome)}\n`))
