package health

import (
	"context"
	"fmt"
	"net/http"
)

// askHTTP wants an answer below 400 to a GET; redirects are not followed.
func askHTTP(ctx context.Context, c Check) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Address+c.Path, nil)
	if err != nil {
		return err
	}
	t := &http.Transport{Proxy: nil, DisableKeepAlives: true}
	defer t.CloseIdleConnections()
	resp, err := t.RoundTrip(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode >= 400 {
		return fmt.Errorf("found status %d, expected less than 400", resp.StatusCode)
	}
	return nil
}
