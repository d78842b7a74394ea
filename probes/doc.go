// Package probes holds the words of wsdoctor: what a check found (Finding), how a check ended (Result),
// a finished run (Report), one area of checks (Probe), one check (Rule), and Run, which runs the areas.
//
// It does no I/O of its own but for asking which addresses this host has (Place), it prints nothing, and it knows
// no area: those live one a folder below and are listed in probes/catalog.
package probes
