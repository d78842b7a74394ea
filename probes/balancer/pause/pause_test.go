package pause

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if !For(ctx, time.Second) || time.Since(begin) != time.Second {
			t.Errorf("a pause of a second took %s", time.Since(begin))
		}
		if For(ctx, time.Hour) || time.Since(begin) != time.Minute {
			t.Errorf("a pause whose context ends after a minute took %s", time.Since(begin))
		}
	})
}
