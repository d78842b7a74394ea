package export

import (
	"fmt"

	"example.com/wsdoctor/probes/cluster"
)

var settings = Target{
	Name:  "settings",
	Title: "the settings themselves, complete, for wsdoctor on another host",
	render: func(s setup, o Options) ([]File, error) {
		raw, err := cluster.Encode(s.cfg)
		if err != nil {
			return nil, err
		}
		if _, err := cluster.Parse("wsdoctor.yaml", raw); err != nil {
			return nil, fmt.Errorf("reading it back: %w", err)
		}
		return []File{{Name: "wsdoctor.yaml", Path: o.Settings, On: OnBoth, Mode: 0o644, Data: raw}}, nil
	},
}
