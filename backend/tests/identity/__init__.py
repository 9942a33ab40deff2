"""Real OpenID providers for tests: Keycloak and npm's oidc-provider, behind one interface."""
