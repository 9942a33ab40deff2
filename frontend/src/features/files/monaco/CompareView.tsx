import { useEffect, useRef } from 'react'
import { useDark } from '@/lib/theme'
import type { CompareProps } from '../editor'
import { monaco, OPTIONS, setMonacoTheme } from './monaco'

/** Two texts side by side, or one below the other where there is no room. */
export default function CompareView({ path, theirs, mine }: CompareProps) {
  const box = useRef<HTMLDivElement>(null)
  const dark = useDark()
  useEffect(() => setMonacoTheme(dark), [dark])
  useEffect(() => {
    if (!box.current) return
    const uri = (side: string) => monaco.Uri.from({ scheme: 'compare', authority: side, path: `/${path}` })
    const original = monaco.editor.createModel(theirs, undefined, uri('theirs'))
    const modified = monaco.editor.createModel(mine, undefined, uri('mine'))
    const editor = monaco.editor.createDiffEditor(box.current, {
      ...OPTIONS,
      readOnly: true,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
      originalAriaLabel: 'On disk',
      modifiedAriaLabel: 'Yours',
    })
    editor.setModel({ original, modified })
    editor.getOriginalEditor().updateOptions({ ariaLabel: 'On disk' })
    editor.getModifiedEditor().updateOptions({ ariaLabel: 'Yours' })
    return () => {
      editor.dispose()
      original.dispose()
      modified.dispose()
    }
  }, [path, theirs, mine])
  return <div ref={box} className="h-[50vh] w-full" />
}
