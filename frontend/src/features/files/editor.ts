/** What the page asks of an editor. Monaco is one megabyte and needs a real browser, so it enters from outside. */
import { type ComponentType, lazy } from 'react'
import './monaco/environment'

export interface EditorProps {
  path: string
  /** The text to begin with; later it belongs to the editor until `revision` grows. */
  text: string
  revision: number
  line: number | null
  /** The files whose undo and place are worth keeping. */
  open: readonly string[]
  onChange: (text: string) => void
  onSave: () => void
}

export interface CompareProps {
  path: string
  theirs: string
  mine: string
  /** What the two sides are, for those who cannot see left and right. */
  labels?: readonly [string, string]
  className?: string
}

export interface Editors {
  Editor: ComponentType<EditorProps>
  Compare: ComponentType<CompareProps>
}

export const MONACO: Editors = {
  Editor: lazy(() => import('./monaco/CodeEditor')),
  Compare: lazy(() => import('./monaco/CompareView')),
}
