import { ChevronsUpDown, LayoutGrid, Plus } from 'lucide-react'
import { useNavigate } from 'react-router'
import type { ProjectSummary } from '@/api/types'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/ui/dropdown-menu'

export function ProjectSwitcher(props: { projects: ProjectSummary[]; current: string | undefined }) {
  const { projects, current } = props
  const navigate = useNavigate()
  const here = projects.find(({ id, slug }) => current !== undefined && (slug === current || id === current))
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" className="min-w-0 shrink px-2 text-ink">
          <span className="truncate">{here?.name ?? 'Projects'}</span>
          <ChevronsUpDown aria-hidden className="text-faint" />
          <span className="sr-only">Switch project</span>
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start" className="w-64">
        {projects.map((project) => (
          <DropdownMenuItem key={project.id} onSelect={() => void navigate(`/p/${project.slug}`)}>
            <span className="truncate">{project.name}</span>
            {(project.attention_count ?? 0) > 0 && (
              <Badge tone="warn" className="ml-auto" aria-label={`${project.attention_count} wait for you`}>
                {project.attention_count}
              </Badge>
            )}
          </DropdownMenuItem>
        ))}
        {projects.length > 0 && <DropdownMenuSeparator />}
        <DropdownMenuItem onSelect={() => void navigate('/')}>
          <LayoutGrid aria-hidden /> All projects
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => void navigate('/?new')}>
          <Plus aria-hidden /> New project
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
