import { useQuery } from '@tanstack/react-query'
import { ChevronDown, NotepadTextDashed } from 'lucide-react'
import { templatesOptions } from '@/api/queries'
import type { Template } from '@/api/types'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { DropdownMenu, DropdownMenuContent, DropdownMenuItem, DropdownMenuTrigger } from '@/ui/dropdown-menu'

export interface TemplatePickerProps {
  projectId: string
  /** Something stands in the form that a template would replace. */
  written: boolean
  onPick: (template: Template) => void
}

/** Fills a new card from a template; nothing where the project has none. */
export function TemplatePicker({ projectId, written, onPick }: TemplatePickerProps) {
  const confirm = useConfirm()
  const templates = useQuery(templatesOptions(projectId))
  if (!templates.data?.length) return null
  const pick = async (template: Template) => {
    const sure =
      !written ||
      (await confirm({
        title: 'Replace what you wrote?',
        body: `Title and text become those of “${template.name}”.`,
        action: 'Use template',
      }))
    if (sure) onPick(template)
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button size="sm" className="self-start">
          <NotepadTextDashed aria-hidden /> From template <ChevronDown aria-hidden className="text-faint" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start" className="max-h-72 max-w-[calc(100vw-3rem)]">
        {templates.data.map((template) => (
          <DropdownMenuItem key={template.id} onSelect={() => void pick(template)}>
            <span className="truncate">{template.name}</span>
          </DropdownMenuItem>
        ))}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
