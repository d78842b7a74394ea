package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

// tabs are the screens: the key of each, and words that stand on no other.
var tabs = []struct{ title, key, shows string }{
	{"Overview", "1", "the path"},
	{"Checks", "2", " checks "},
	{"Ports", "3", "bind now?"},
	{"Probe", "4", "no handshake yet"},
	{"Balancer", "5", "active tests"},
	{"Config", "6", "opens a file"},
	{"Proxy", "7", "runs one here"},
	{"Set-up", "8", "From nothing"},
}

// limits fail the program; 0 is none.
type limits struct {
	start, key time.Duration // of the best of the rounds, which other load disturbs least
	cpu        float64       // percent of a core, while idle
}

func main() {
	rounds := flag.Int("rounds", 15, "starts to take the median of")
	idle := flag.Duration("idle", 10*time.Second, "time to watch each screen idle")
	quiet := flag.Duration("quiet", time.Minute, "time to watch it idle on a slow line; 0: no slow line")
	var most limits
	flag.DurationVar(&most.start, "start", 0, "fail where the quickest first screen takes longer; 0: never")
	flag.DurationVar(&most.key, "key", 0, "fail where the quickest answer to the key of a screen takes longer; 0: never")
	flag.Float64Var(&most.cpu, "cpu", 0, "fail where a screen idles at more than so many percent of a core; 0: never")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: bench [flags] WSDOCTOR")
		os.Exit(2)
	}
	program := flag.Arg(0)
	err := firstScreen(program, *rounds, most.start)
	for _, measure := range []func() error{
		func() error { return keys(program, most.key) },
		func() error { return idling(program, *idle, most.cpu) },
		func() error { return slowLine(program, *quiet) },
	} {
		if err == nil {
			err = measure()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// firstScreen measures the time from the start to the first screen.
func firstScreen(program string, rounds int, most time.Duration) error {
	var starts []time.Duration
	for range rounds {
		s, err := start(program, false)
		if err != nil {
			return err
		}
		first, err := s.until("1 Overview", time.Time{})
		if err != nil {
			return err
		}
		if err := s.leave(); err != nil {
			return err
		}
		starts = append(starts, first)
	}
	fmt.Printf("first screen      %s\n", spread(starts))
	if best := slices.Min(starts); most > 0 && best > most {
		return fmt.Errorf("the first screen took %s at best, expected %s at most", best, most)
	}
	return nil
}

// keys measures the time from the key of each screen to what it shows, just after all checks were started again.
func keys(program string, most time.Duration) error {
	const times = 5
	s, err := start(program, false)
	if err != nil {
		return err
	}
	if err := s.checked(); err != nil {
		return err
	}
	on := tabs[0].key
	for _, to := range tabs {
		var took []time.Duration
		for range times {
			from := tabs[0]
			if to == from {
				from = tabs[1]
			}
			if on != from.key {
				if _, err := s.key(from.key, from.shows); err != nil {
					return err
				}
			}
			// Nothing of the run is waited for: on a quiet machine it is over before the next frame.
			if err := s.press("r"); err != nil {
				return err
			}
			d, err := s.key(to.key, to.shows)
			if err != nil {
				return err
			}
			took, on = append(took, d), to.key
			s.settles()
		}
		fmt.Printf("key %-13s %s, while the checks run\n", to.key+" "+to.title, spread(took))
		if best := slices.Min(took); most > 0 && best > most {
			return fmt.Errorf("%s took %s at best, expected %s at most", to.title, best, most)
		}
	}
	return s.leave()
}

// idling measures the processor's time and the bytes sent on each screen while nothing changes.
func idling(program string, idle time.Duration, most float64) error {
	s, err := start(program, false)
	if err != nil {
		return err
	}
	if err := s.checked(); err != nil {
		return err
	}
	worst := 0.0
	for _, on := range tabs {
		if _, err := s.tty.WriteString(on.key); err != nil {
			return err
		}
		s.settles()
		used, sent := s.used(), s.sent()
		time.Sleep(idle)
		percent := float64(s.used()-used) / ticks / idle.Seconds() * 100
		fmt.Printf("idle %-12s %.2f %% of a core, %d bytes sent in %s\n", on.title, percent, s.sent()-sent, idle)
		worst = max(worst, percent)
	}
	if most > 0 && worst > most {
		return fmt.Errorf("idling took %.2f %% of a core, expected %.2f %% at most", worst, most)
	}
	return s.leave()
}

func median(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

func spread(all []time.Duration) string {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("median %6.1f ms (%.1f to %.1f)", ms(median(all)), ms(slices.Min(all)), ms(slices.Max(all)))
}
