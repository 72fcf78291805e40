import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BuildOptions, Plugin } from 'esbuild'

export const root = join(import.meta.dirname, '..')

// @dfns/sdk is CommonJS and requires built-ins at run time; an ES module has no `require` of its own.
const banner =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

/** How anybody would bundle a function for Lambda's Node.js: one minified ES module, in memory at first. */
export const plainBundling = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // esbuild's default for this platform prefers CommonJS, which cannot be tree-shaken: a third more bytes.
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: false,
  legalComments: 'none',
  banner: { js: banner },
  logLevel: 'warning',
  write: false,
} satisfies BuildOptions

/** A package reads its own name and version, and carries the whole of its package.json for it. */
const packageNames: Plugin = {
  name: 'package names',
  setup(build) {
    build.onLoad({ filter: /node_modules\/.*\/package\.json$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>
      return { contents: JSON.stringify({ name, version }), loader: 'json' }
    })
  },
}

/**
 * An AWS client registers a class and a schema for every error of its service (Parameter Store has 150). One
 * that is not registered is told by its name all the same, which is what the ports go by; so who registers it
 * may be left out where nobody uses it.
 */
const errorClasses: Plugin = {
  name: 'error classes',
  setup(build) {
    build.onLoad(
      { filter: /@aws-sdk\/client-[\w-]+\/dist-es\/schemas\/schemas_0\.js$/ },
      async ({ path }) => {
        const text = await readFile(path, 'utf8')
        return { contents: text.replaceAll(/^n0_registry\.registerError\(/gm, '/* @__PURE__ */ $&') }
      },
    )
  },
}

/**
 * Lambda hands a function its role's credentials in the environment and in no other way, so that the chain of
 * everything that a laptop may have (profiles, sign-in, roles to assume, each with a client of its own) is
 * never walked: a fifth of the bundle, which each cold start would compile.
 */
const environmentCredentials: Plugin = {
  name: 'environment credentials',
  setup(build) {
    build.onLoad({ filter: /@aws-sdk\/credential-provider-node\/dist-es\/index\.js$/ }, ({ path }) => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env'",
      resolveDir: dirname(path),
    }))
  },
}

/** How whatever brings its libraries with it is bundled. */
export const bundling = {
  ...plainBundling,
  plugins: [packageNames, errorClasses],
} satisfies BuildOptions

/** The three functions, as they are deployed, what runs on Lambda alone; in memory. */
export const functions = {
  ...bundling,
  plugins: [...bundling.plugins, environmentCredentials],
  entryPoints: {
    'rotate/index': 'lambdas/rotate.ts',
    'retire/index': 'lambdas/retire.ts',
    'audit/index': 'lambdas/audit.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
} satisfies BuildOptions
