/** The editor, with the languages of an ordinary repository. Loaded only with the first file. */
import 'monaco-editor/features/register.all'
import 'monaco-editor/languages/definitions/cpp/register'
import 'monaco-editor/languages/definitions/css/register'
import 'monaco-editor/languages/definitions/dockerfile/register'
import 'monaco-editor/languages/definitions/go/register'
import 'monaco-editor/languages/definitions/html/register'
import 'monaco-editor/languages/definitions/ini/register'
import 'monaco-editor/languages/definitions/java/register'
import 'monaco-editor/languages/definitions/javascript/register'
import 'monaco-editor/languages/definitions/markdown/register'
import 'monaco-editor/languages/definitions/python/register'
import 'monaco-editor/languages/definitions/ruby/register'
import 'monaco-editor/languages/definitions/rust/register'
import 'monaco-editor/languages/definitions/scss/register'
import 'monaco-editor/languages/definitions/shell/register'
import 'monaco-editor/languages/definitions/sql/register'
import 'monaco-editor/languages/definitions/typescript/register'
import 'monaco-editor/languages/definitions/xml/register'
import 'monaco-editor/languages/definitions/yaml/register'
import 'monaco-editor/language/json/monaco.contribution'
import * as monaco from 'monaco-editor/editor/editor.api'
import EditorWorker from 'monaco-editor/editor/editor.worker?worker'
import JsonWorker from 'monaco-editor/language/json/json.worker?worker'

self.MonacoEnvironment = {
  ...self.MonacoEnvironment,
  getWorker: (_id, label) => (label === 'json' ? new JsonWorker() : new EditorWorker()),
}

export const OPTIONS: monaco.editor.IEditorOptions = {
  automaticLayout: true,
  fontSize: 13,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  fixedOverflowWidgets: true,
  padding: { top: 8 },
  // Dimmed, the number of the last line is too faint to read.
  renderFinalNewline: 'on',
}

// The built-in themes with their comments and numbers made readable, also on the ground of a changed line.
monaco.editor.defineTheme('opm-light', {
  base: 'vs',
  inherit: true,
  rules: [
    { token: 'comment', foreground: '1f5c1f' },
    { token: 'number', foreground: '07603f' },
  ],
  colors: {
    'editorLineNumber.foreground': '#646874',
    'editor.background': '#ffffff',
    'diffEditor.insertedLineBackground': '#14693a14',
    'diffEditor.insertedTextBackground': '#14693a22',
    'diffEditor.removedLineBackground': '#b0241c14',
    'diffEditor.removedTextBackground': '#b0241c22',
  },
})
monaco.editor.defineTheme('opm-dark', {
  base: 'vs-dark',
  inherit: true,
  rules: [{ token: 'comment', foreground: '93c47d' }],
  colors: {
    'editorLineNumber.foreground': '#9094a1',
    'editor.background': '#15171b',
    'diffEditor.insertedLineBackground': '#62d19314',
    'diffEditor.insertedTextBackground': '#62d19322',
    'diffEditor.removedLineBackground': '#ff8d8414',
    'diffEditor.removedTextBackground': '#ff8d8422',
  },
})

export function setMonacoTheme(dark: boolean): void {
  monaco.editor.setTheme(dark ? 'opm-dark' : 'opm-light')
}

export { monaco }
