// This file lets install.go and invoke.go declare functions without a body.
