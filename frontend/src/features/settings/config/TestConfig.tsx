import { useMutation } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { testConfig } from '@/api/sdk'
import { Button } from '@/ui/button'
import { type ConfigForm, requestOf } from '../model/config'

export interface TestConfigProps {
  projectId: string
  form: ConfigForm
  disabled: boolean
}

/** One real call with what stands in the form, saved or not. */
export function TestConfig({ projectId, form, disabled }: TestConfigProps) {
  const test = useMutation({
    mutationFn: (tried: ConfigForm) => testConfig({ path: { project: projectId }, body: requestOf(tried) }),
  })
  // What was found about another form than this one says nothing.
  const found = test.variables === form
  return (
    <>
      <Button busy={test.isPending} disabled={disabled} onClick={() => test.mutate(form)}>
        Test
      </Button>
      <div role="status" className="w-full text-sm break-words empty:hidden">
        {found && test.isError && (
          <p className="text-bad">The test was not made: {describe(test.error).message}</p>
        )}
        {found && test.data && (
          <p className={test.data.ok ? 'text-ok' : 'text-bad'}>
            {test.data.ok ? 'It works: ' : 'It does not work: '}
            {test.data.message}
            <span className="text-muted">
              {test.data.status === null ? '' : ` · status ${test.data.status}`} · {test.data.latency_ms} ms
            </span>
          </p>
        )}
      </div>
    </>
  )
}
