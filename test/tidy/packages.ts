/** The parts of package.json and of package-lock.json that the rules look at. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface Lockfile {
  readonly packages: Readonly<
    Record<string, Manifest & { readonly resolved?: string; readonly link?: boolean }>
  >
}

const exact = /^((npm:(@[\w-]+\/)?[\w-]+@)?\d+\.\d+\.\d+(-[\w.-]+)?|file:[\w./-]+)$/

const wishes = ({ dependencies, devDependencies, optionalDependencies }: Manifest): [string, string][] =>
  Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })

/** Dependencies whose version leaves npm a choice. */
export const inexactVersions = (manifest: Manifest): string[] =>
  wishes(manifest)
    .filter(([, version]) => !exact.test(version))
    .map(([name, version]) => `${name} ${version}`)

/** Lockfile entries that name the host they were downloaded from. */
export const resolvedByHost = ({ packages }: Lockfile): string[] =>
  Object.entries(packages)
    .filter(([, { resolved }]) => resolved && /^\w+:\/\//.test(resolved))
    .map(([path]) => path)

/** The folders in which Node looks for the dependencies of the package at `path`, innermost first. */
function foldersFrom(path: string): string[] {
  if (path === '') return ['node_modules']
  const outer = path.lastIndexOf('node_modules/')
  const parent = outer < 0 ? '' : path.slice(0, outer).replace(/\/$/, '')
  return [`${path}/node_modules`, ...foldersFrom(parent)]
}

/**
 * Dependencies, optional ones included, that no entry of the lockfile satisfies. npm drops optional packages that its
 * registry lacks without a word, and then `npm ci` fails on the next machine.
 */
export const missingFromLockfile = ({ packages }: Lockfile): string[] =>
  Object.entries(packages).flatMap(([path, { devDependencies, ...entry }]) =>
    wishes(path === '' && devDependencies ? { ...entry, devDependencies } : entry)
      .filter(([name]) => !foldersFrom(path).some((folder) => `${folder}/${name}` in packages))
      .map(([name]) => `${path || 'package.json'} needs ${name}`),
  )
