export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#4f46c8" />
      <rect x="7" y="8" width="5" height="16" rx="1.5" fill="#fff" opacity=".95" />
      <rect x="13.5" y="8" width="5" height="11" rx="1.5" fill="#fff" opacity=".8" />
      <rect x="20" y="8" width="5" height="6" rx="1.5" fill="#fff" opacity=".65" />
    </svg>
  )
}
