package export

import (
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// The part of Traefik's configuration that is written, by its reference of the static and the dynamic configuration.
// Traefik's own Go types come with several hundred modules.
type traefikStaticFile struct {
	EntryPoints map[string]struct {
		Address   string
		Transport struct {
			LifeCycle struct {
				GraceTimeOut time.Duration `yaml:"graceTimeOut"`
			} `yaml:"lifeCycle"`
			RespondingTimeouts struct {
				ReadTimeout time.Duration `yaml:"readTimeout"`
				IdleTimeout time.Duration `yaml:"idleTimeout"`
			} `yaml:"respondingTimeouts"`
		}
		ForwardedHeaders struct {
			TrustedIPs []string `yaml:"trustedIPs"`
		} `yaml:"forwardedHeaders"`
		ProxyProtocol struct {
			Insecure   bool
			TrustedIPs []string `yaml:"trustedIPs"`
		} `yaml:"proxyProtocol"`
	} `yaml:"entryPoints"`
	Providers struct {
		File struct {
			Directory string
			Watch     bool
		}
	}
}

type traefikDynamicFile struct {
	HTTP struct {
		Routers map[string]struct {
			Rule        string
			EntryPoints []string `yaml:"entryPoints"`
			Service     string
			Middlewares []string
			TLS         *struct{ Options string } `yaml:"tls"`
		}
		Services map[string]struct {
			LoadBalancer struct {
				PassHostHeader   bool   `yaml:"passHostHeader"`
				ServersTransport string `yaml:"serversTransport"`
				Sticky           *struct {
					Cookie struct {
						Name     string
						HTTPOnly bool `yaml:"httpOnly"`
					}
				}
				HealthCheck *struct {
					Path              string
					Interval, Timeout time.Duration
				} `yaml:"healthCheck"`
				Servers []struct {
					URL string `yaml:"url"`
				}
			} `yaml:"loadBalancer"`
		}
		ServersTransports map[string]struct {
			DisableHTTP2       bool `yaml:"disableHTTP2"`
			ForwardingTimeouts struct {
				DialTimeout time.Duration `yaml:"dialTimeout"`
			} `yaml:"forwardingTimeouts"`
		} `yaml:"serversTransports"`
		Middlewares map[string]struct {
			InFlightReq *struct {
				Amount          int
				SourceCriterion struct {
					IPStrategy struct{ Depth int } `yaml:"ipStrategy"`
				} `yaml:"sourceCriterion"`
			} `yaml:"inFlightReq"`
			RateLimit *struct {
				Average, Burst  int
				SourceCriterion struct {
					RequestHost bool `yaml:"requestHost"`
				} `yaml:"sourceCriterion"`
			} `yaml:"rateLimit"`
		}
	} `yaml:"http"`
	TLS struct {
		Certificates []struct {
			CertFile string `yaml:"certFile"`
			KeyFile  string `yaml:"keyFile"`
		}
		Options map[string]struct {
			MinVersion string `yaml:"minVersion"`
		}
	} `yaml:"tls"`
}

// What is named is there: entry points, service, transport, middlewares, TLS options.
func TestTraefikIsWhole(t *testing.T) {
	for name, cfg := range cases(t) {
		fs := files(t, "traefik", cfg, Options{})
		var static traefikStaticFile
		var dynamic traefikDynamicFile
		for i, into := range []any{&static, &dynamic} {
			if err := yaml.UnmarshalWithOptions(fs[i].Data, into, yaml.Strict()); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, fs[i].Data)
			}
		}
		router := dynamic.HTTP.Routers["wsdoctor"]
		for _, e := range router.EntryPoints {
			if static.EntryPoints[e].Address == "" {
				t.Errorf("%s: no entry point %q", name, e)
			}
		}
		for _, m := range router.Middlewares {
			if _, ok := dynamic.HTTP.Middlewares[m]; !ok {
				t.Errorf("%s: no middleware %q", name, m)
			}
		}
		service, ok := dynamic.HTTP.Services[router.Service]
		if _, transport := dynamic.HTTP.ServersTransports[service.LoadBalancer.ServersTransport]; !ok || !transport || len(service.LoadBalancer.Servers) == 0 {
			t.Errorf("%s: service %+v", name, service)
		}
		if (router.TLS != nil) != (cfg.Proxy.TLS.Cert != "") || router.TLS != nil && dynamic.TLS.Options[router.TLS.Options].MinVersion != "VersionTLS12" {
			t.Errorf("%s: TLS %+v of %+v", name, router.TLS, dynamic.TLS)
		}
		if len(static.EntryPoints) != len(router.EntryPoints) || len(router.EntryPoints) == 0 {
			t.Errorf("%s: %d entry points, %d in the router", name, len(static.EntryPoints), len(router.EntryPoints))
		}
	}
}
