import { useEffect, useRef } from 'react'
import { cn } from '@/lib/cn'
import { useDark } from '@/lib/theme'
import type { CompareProps } from '../editor'
import { monaco, OPTIONS, setMonacoTheme } from './monaco'

const SIDES = ['On disk', 'Yours'] as const

/** Monaco forgets the names of the two sides whenever it lays them out anew. */
function keepName(side: monaco.editor.ICodeEditor, ariaLabel: string): monaco.IDisposable {
  const name = () => {
    if (side.getOption(monaco.editor.EditorOption.ariaLabel) !== ariaLabel) side.updateOptions({ ariaLabel })
  }
  name()
  return side.onDidChangeConfiguration(name)
}

/** Two texts side by side, or one below the other where there is no room. */
export default function CompareView({ path, theirs, mine, labels = SIDES, className }: CompareProps) {
  const box = useRef<HTMLDivElement>(null)
  const dark = useDark()
  const [left, right] = labels
  useEffect(() => setMonacoTheme(dark), [dark])
  useEffect(() => {
    if (!box.current) return
    const uri = (side: string) => monaco.Uri.from({ scheme: 'compare', authority: side, path: `/${path}` })
    const original = monaco.editor.createModel(theirs, undefined, uri('theirs'))
    const modified = monaco.editor.createModel(mine, undefined, uri('mine'))
    const editor = monaco.editor.createDiffEditor(box.current, {
      ...OPTIONS,
      readOnly: true,
      renderOverviewRuler: false,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
    })
    editor.setModel({ original, modified })
    const names = [keepName(editor.getOriginalEditor(), left), keepName(editor.getModifiedEditor(), right)]
    return () => {
      for (const listening of names) listening.dispose()
      editor.dispose()
      original.dispose()
      modified.dispose()
    }
  }, [path, theirs, mine, left, right])
  return <div ref={box} className={cn('h-[50vh] w-full', className)} />
}
