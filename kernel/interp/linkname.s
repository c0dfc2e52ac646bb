// This file lets install.go, invoke.go and newinterp.go declare functions without a body.
