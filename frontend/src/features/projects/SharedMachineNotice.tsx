/**
 * For servers on which several people's agents run as one account: said where a project is made, and nowhere else.
 * `shared` is for the server to know; on everybody's own machine there is nobody to be warned of.
 */
export function SharedMachineNotice({ shared }: { shared: boolean }) {
  if (!shared) return null
  return (
    <div role="note" className="rounded-md border bg-hover px-3 py-2 text-xs text-muted">
      <p>
        Agents and terminals run as the account of this server, those of other people too: what one may run
        can read what the others keep here.
      </p>
      <details className="mt-1">
        <summary className="cursor-pointer">What this means</summary>
        <ul className="mt-1 list-disc space-y-1 pl-4">
          <li>Projects are kept apart in the product, but not as files on the machine.</li>
          <li>Keep no code or keys here that the other people of this server must not see.</li>
          <li>Allow commands only that you have read. SECURITY.md of this product says more.</li>
        </ul>
      </details>
    </div>
  )
}
