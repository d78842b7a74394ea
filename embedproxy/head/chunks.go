package head

import "bytes"

// Chunks follows a body in chunked coding (RFC 9112 section 7.1) without changing it. The zero value stands before
// the first chunk.
type Chunks struct {
	state chunkState
	left  int64 // of the chunk's data
	n     int   // bytes of the extension, or digits of the size
	size  int64
	line  []byte // a trailer line so far
	total int    // bytes of all trailer lines
}

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkExt
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailer
)

const (
	maxChunkExt = 256     // bytes of extensions a chunk; nobody sends them, floods do
	maxTrailers = 4 << 10 // bytes of all trailer fields
)

// Scan looks at the next bytes of the body. It returns how many of them are data and whole lines that belong to it, and
// whether it ended with them; the rest, part of a line, is to be given again with more behind it. The error is an *Error,
// and n then says how many bytes before the line at fault were in order.
func (c *Chunks) Scan(b []byte) (n int, done bool, err error) {
	whole := *c // as it stands after n bytes
	for at := 0; at < len(b); {
		if c.state == chunkData {
			k := min(c.left, int64(len(b)-at))
			at += int(k)
			if c.left -= k; c.left == 0 {
				c.state = chunkDataCR
			}
		} else {
			if done, err = c.step(b[at]); err != nil {
				break
			}
			at++
		}
		if done || c.state == chunkData || c.state == chunkDataCR || c.n == 0 && len(c.line) == 0 && (c.state == chunkSize || c.state == chunkTrailer) {
			whole, n = *c, at
		}
		if done {
			break
		}
	}
	*c = whole
	return n, done, err
}

func (c *Chunks) step(x byte) (done bool, err error) {
	switch c.state {
	case chunkSize:
		d := hexDigit(x)
		switch {
		case d >= 0 && c.n < 15:
			c.size, c.n = c.size<<4|int64(d), c.n+1
		case c.n > 0 && x == '\r':
			c.state = chunkSizeLF
		case c.n > 0 && x == ';':
			c.state, c.n = chunkExt, 0
		default:
			return false, &Error{400, "a chunk's size is not a hexadecimal number"}
		}
	case chunkExt:
		if c.n++; c.n > maxChunkExt || x < ' ' && x != '\t' && x != '\r' || x == 0x7f {
			return false, &Error{400, "a chunk's extension is too long or holds a control character"}
		}
		if x == '\r' {
			c.state = chunkSizeLF
		}
	case chunkSizeLF, chunkDataLF:
		if x != '\n' {
			return false, &Error{400, "a chunk's line does not end in CRLF"}
		}
		if c.state == chunkDataLF {
			c.state, c.size, c.n = chunkSize, 0, 0
		} else if c.state, c.left, c.n = chunkData, c.size, 0; c.size == 0 {
			c.state = chunkTrailer
		}
	case chunkDataCR:
		if x != '\r' {
			return false, &Error{400, "a chunk is longer than its size"}
		}
		c.state = chunkDataLF
	case chunkTrailer:
		return c.trailer(x)
	}
	return false, nil
}

func (c *Chunks) trailer(x byte) (done bool, err error) {
	if c.total++; c.total > maxTrailers {
		return false, &Error{431, "the trailer is too long"}
	}
	c.line = append(c.line, x)
	if x != '\n' {
		return false, nil
	}
	line, crlf := bytes.CutSuffix(c.line, []byte("\r\n"))
	switch {
	case !crlf:
		return false, &Error{400, "a line ends in LF without CR"}
	case len(line) == 0:
		return true, nil
	}
	f, err := parseField(line)
	if err == nil && f.kind != other {
		err = &Error{400, "the trailer holds a field that belongs into the head"}
	}
	c.line = c.line[:0]
	return false, err
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
