import { expect, test } from 'vitest'
import { isExit } from './exit'

test.each([
  'https://login.example.org/realms/opm/auth?client_id=opm',
  'http://127.0.0.1:8080/realms/opm',
  'http://localhost:9000/auth',
  'http://[::1]:9000/auth',
])('%s is a provider’s address', (url) => expect(isExit(url)).toBe(true))

test.each([
  'http://login.example.org/auth',
  'http://127.0.0.1.example.org/auth',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'ftp://127.0.0.1/',
  '//login.example.org/auth',
  '/auth',
  '',
])('%s is none', (url) => expect(isExit(url)).toBe(false))
