import { type ReactNode, useId } from 'react'
import { Card } from './card'

export interface SectionProps {
  title: string
  description?: ReactNode
  children: ReactNode
}

export function Section({ title, description, children }: SectionProps) {
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="text-base font-semibold">
        {title}
      </h2>
      {description && <p className="mt-0.5 text-sm text-muted">{description}</p>}
      <Card className="mt-3 p-4">{children}</Card>
    </section>
  )
}
