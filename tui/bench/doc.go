// Command bench measures how the screens feel: the time from the start to the first screen, the time from a key to
// what it shows, the processor's time while nothing changes, and the bytes sent meanwhile, on each screen; then what all
// that comes to behind a serial line of 9,600 baud. It runs wsdoctor on a pseudo-terminal of 80x24 and reads what it
// draws; it judges nothing else. Figures are of this machine.
package main
