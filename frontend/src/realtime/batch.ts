/** Work that is named: what is asked for again before it was done is done once. */
export class Batch {
  private readonly due = new Map<string, () => void>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private last = Number.NEGATIVE_INFINITY

  constructor(
    /** How long the first of a burst waits for others. */
    private readonly soon: number,
    /** The shortest time from one round to the next. */
    private readonly apart: number,
    /** While it says yes, nothing is done. */
    private readonly held: () => boolean = () => false,
  ) {}

  add(name: string, work: () => void): void {
    this.due.set(name, work)
    this.timer ??= setTimeout(this.flush, Math.max(this.soon, this.last + this.apart - Date.now()))
  }

  private readonly flush = (): void => {
    if (this.held()) {
      this.timer = setTimeout(this.flush, this.soon)
      return
    }
    this.timer = undefined
    this.last = Date.now()
    const work = [...this.due.values()]
    this.due.clear()
    for (const each of work) each()
  }
}
