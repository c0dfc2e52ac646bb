// This file lets install.go declare a function without a body.
