//go:build !linux

package netfilter

import (
	"context"
	"errors"
)

// Read needs Linux; elsewhere the error is errors.ErrUnsupported.
func Read(context.Context, func(abs string) string) (Ruleset, error) {
	return Ruleset{}, errors.ErrUnsupported
}
