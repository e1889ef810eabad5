//go:build tools

// Package bench pins s5cmd, the object store's client in the chain by shell that bench/backup.sh compares with.
package bench

import _ "github.com/peak/s5cmd/v2"
