import { readFile, writeFile } from 'node:fs/promises'
import { blockIn, recordedIn, withBlocks } from '../protocol/page.ts'
import { templateTables } from './aws-template.ts'
import { scriptCalls } from './side-by-side.ts'
import { limitTrack, rotationTrack, scriptTrack, timelineSvg } from './timeline.ts'

const fileOf = (name: string) => new URL(`../../docs/${name}`, import.meta.url)

const [timeline, performance] = [fileOf('timeline.svg'), fileOf('performance.md')]
const templateBlock = 'against the template of AWS'

interface Told {
  readonly timeline: string
  /** Of docs/performance.md. */
  readonly template: string
}

/** What depends on no machine, as it has to stand in docs/: of docs/protocol.md and one run of the script. */
export async function pagesOf(): Promise<Told> {
  const protocol = await readFile(fileOf('protocol.md'), 'utf8')
  const tracks = [
    scriptTrack(await scriptCalls()),
    rotationTrack(recordedIn(protocol, 'ServiceAccountKey, self, grace PT0S')),
    limitTrack(),
  ]
  return {
    timeline: timelineSvg(tracks),
    template: templateTables(recordedIn(protocol, 'ServiceAccountKey, self')),
  }
}

/** What stands there now. */
export async function pagesNow(): Promise<Told> {
  const page = await readFile(performance, 'utf8')
  return { timeline: await readFile(timeline, 'utf8'), template: blockIn(page, templateBlock) }
}

export async function writePages(told: Told): Promise<void> {
  await writeFile(timeline, told.timeline)
  const page = await readFile(performance, 'utf8')
  await writeFile(performance, withBlocks(page, new Map([[templateBlock, told.template]])))
}
