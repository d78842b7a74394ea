//go:build !linux

package sockdiag

import "context"

// Read is for Linux; elsewhere it returns ErrUnsupported.
func Read[T any](context.Context, Query, func(*T, *Socket)) (T, error) {
	var zero T
	return zero, ErrUnsupported
}
