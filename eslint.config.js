// Lint rules: the parts of the project's style that a machine can check. Layering is test/layers.test.ts.
import { builtinModules } from "node:module";
import tseslint from "typescript-eslint";

/** Files of tables, the only ones that may be longer than 700 lines. Named one by one. */
const LONG_TABLES = [];

/** The only users of the Node API and of the wall clock. */
const NODE_USERS = ["src/host/**/*.ts", "src/cli/**/*.ts", "bench/**/*.ts", "test/**/*.ts", "guests/**/*.ts"];

const NO_DEFAULT_EXPORT = [
  { selector: "ExportDefaultDeclaration", message: "Export by name." },
  { selector: "ExportSpecifier[exported.name='default']", message: "Export by name." },
];

const NO_ONLY = {
  selector: "CallExpression[callee.property.name='only'][callee.object.name=/^(describe|it|context|specify)$/]",
  message: "`.only` would silence every other test; use mocha's -g.",
};

const NO_MODULE_STATE = {
  selector: ":matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind='let']",
  message: "No mutable module-level state: two machines live in one process.",
};

const NODE_GLOBALS = [
  "process", "Buffer", "console", "require", "setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval",
  "clearImmediate", "queueMicrotask", "fetch",
].map((name) => ({ name, message: "Only src/host, src/cli, bench, test and guests may use the Node API." }));

const CLOCK_GLOBALS = ["Date", "performance"].map((name) => ({
  name,
  message: "Time inside the VM comes from Clock; only src/host, src/cli, bench, test and guests may read the wall clock.",
}));

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "coverage/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts", "**/*.js", "**/*.mjs"],
    plugins: { "@typescript-eslint": tseslint.plugin },
    languageOptions: { parser: tseslint.parser },
    rules: {
      "eqeqeq": "error",
      "no-cond-assign": "error",
      "no-debugger": "error",
      "no-dupe-else-if": "error",
      "no-duplicate-case": "error",
      "no-loss-of-precision": "error",
      "no-self-assign": "error",
      "no-self-compare": "error",
      "no-sparse-arrays": "error",
      "no-unsafe-finally": "error",
      "no-var": "error",
      "prefer-const": "error",
      "use-isnan": "error",
      "valid-typeof": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "none" }],
    },
  },
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unnecessary-type-assertion": "error",
      "@typescript-eslint/no-unsafe-return": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "no-restricted-syntax": ["error", ...NO_DEFAULT_EXPORT, NO_ONLY],
    },
  },
  {
    files: ["src/**/*.ts", "tcg/**/*.ts"],
    ignores: LONG_TABLES,
    rules: { "max-lines": ["error", { max: 700, skipBlankLines: false, skipComments: false }] },
  },
  {
    files: ["src/**/*.ts", "tcg/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", ...NO_DEFAULT_EXPORT, NO_MODULE_STATE] },
  },
  {
    files: ["src/**/*.ts", "tcg/**/*.ts"],
    ignores: NODE_USERS,
    rules: {
      "no-restricted-imports": ["error", {
        paths: builtinModules.map((name) => ({ name, message: "Only src/host, src/cli, bench, test and guests may import it." })),
        patterns: [{ group: ["node:*"], message: "Only src/host, src/cli, bench, test and guests may import node:*." }],
      }],
      "no-restricted-globals": ["error", ...NODE_GLOBALS, ...CLOCK_GLOBALS],
      "no-restricted-properties": ["error",
        { object: "Math", property: "random", message: "A run is deterministic; take a seeded generator as a parameter." },
        { object: "globalThis", property: "Date", message: "Time inside the VM comes from Clock." },
        { object: "globalThis", property: "performance", message: "Time inside the VM comes from Clock." },
      ],
    },
  },
  {
    // Mocha loads a reporter by its default export.
    files: ["test/support/tally-reporter.ts"],
    rules: { "no-restricted-syntax": ["error", NO_ONLY] },
  },
);
