import { Button, type ButtonProps } from './button'
import { Tooltip } from './tooltip'

export interface IconButtonProps extends Omit<ButtonProps, 'aria-label'> {
  /** The accessible name, also shown as tooltip. */
  label: string
  shortcut?: string
}

export function IconButton({ label, shortcut, size = 'icon', variant = 'ghost', ...props }: IconButtonProps) {
  return (
    <Tooltip content={label} shortcut={shortcut}>
      <Button aria-label={label} size={size} variant={variant} {...props} />
    </Tooltip>
  )
}
