import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { useState } from 'react'
import { listModelsOptions } from '@/api/options'
import type { ModelOffer } from '@/api/types'
import { Button } from '@/ui/button'
import { CommandDialog, CommandGroup, CommandItem } from '@/ui/command'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { factsOf, offersOf } from '../model/offers'

export interface ModelFieldProps {
  projectId: string
  provider: string
  value: string
  error: string | null
  onChange: (model: string) => void
}

/** Any name can be typed; the list shows what the workspace's OpenCode really offers. */
export function ModelField({ projectId, provider, value, error, onChange }: ModelFieldProps) {
  const [open, setOpen] = useState(false)
  const models = useQuery(listModelsOptions({ path: { project: projectId } }))
  const offers = offersOf(models.data?.models, provider)
  const chosen = offers.find(({ model }) => model === value)
  const choose = (offer: ModelOffer) => {
    onChange(offer.model)
    setOpen(false)
  }
  return (
    <Field label="Model" error={error} hint={chosen ? factsOf(chosen) || undefined : undefined}>
      {(control) => (
        <div className="flex gap-2">
          <Input
            {...control}
            autoComplete="off"
            spellCheck={false}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
          <Button onClick={() => setOpen(true)} disabled={offers.length === 0}>
            <Search aria-hidden /> Browse
          </Button>
          <CommandDialog open={open} onOpenChange={setOpen} label="Models" placeholder="Search models…">
            <CommandGroup heading={headingOf(offers)}>
              {offers.map((offer) => (
                <CommandItem
                  key={offer.model}
                  value={`${offer.name} ${offer.model}`}
                  className="h-auto min-h-9 flex-wrap gap-x-2 gap-y-0 py-1.5"
                  onSelect={() => choose(offer)}
                >
                  <span>{offer.name}</span>
                  {offer.name !== offer.model && (
                    <span className="font-mono text-xs text-muted">{offer.model}</span>
                  )}
                  <span className="w-full text-xs text-muted">{factsOf(offer)}</span>
                </CommandItem>
              ))}
            </CommandGroup>
          </CommandDialog>
        </div>
      )}
    </Field>
  )
}

function headingOf(offers: ModelOffer[]): string {
  return offers.some(({ source }) => source === 'pod')
    ? 'Offered by the workspace’s OpenCode'
    : 'Suggestions; sizes and prices are known once the workspace runs with this provider'
}
