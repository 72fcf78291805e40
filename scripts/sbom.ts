import { build } from 'esbuild'
import { functions } from './bundling.ts'
import { packageInputs } from './packages.ts'
import { billOf } from './sbom/bill.ts'

// What is bundled now, whatever dist/ holds.
const { metafile } = await build({ ...functions, metafile: true })
const bill = await billOf([...Object.keys(metafile.inputs), ...(await packageInputs())])
console.log(JSON.stringify(bill, null, 2))
