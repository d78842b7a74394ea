package engineio

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/handshake"
)

// acknowledges tells whether a packet answers the connection to a namespace: with yes, or with the application's no.
func acknowledges(packet []byte) bool {
	return bytes.HasPrefix(packet, []byte("40")) || bytes.HasPrefix(packet, []byte("44"))
}

// packets cuts a payload into packets: by the record separator in EIO 4, by their length in characters in EIO 3.
// Servers of EIO 3 that take the client for one with XHR2, netty-socketio among them, frame with bytes instead: 0 or 1,
// the digits of the length, 255 (Engine.IO protocol 3, "Payload").
func packets(eio int, raw []byte) [][]byte {
	switch {
	case eio == 4:
		return bytes.Split(raw, []byte{0x1e})
	case len(raw) > 0 && raw[0] <= 1:
		return binaryPackets(raw)
	}
	var out [][]byte
	rest := []rune(string(raw))
	for len(rest) > 0 {
		i := 0
		for i < len(rest) && rest[i] != ':' {
			i++
		}
		n, err := strconv.Atoi(string(rest[:i]))
		if err != nil || n < 0 || n > len(rest)-i-1 {
			return out
		}
		out = append(out, []byte(string(rest[i+1:i+1+n])))
		rest = rest[i+1+n:]
	}
	return out
}

func binaryPackets(raw []byte) [][]byte {
	var out [][]byte
	for len(raw) > 1 && raw[0] <= 1 {
		end := bytes.IndexByte(raw, 0xff)
		n := 0
		for _, digit := range raw[1:max(end, 1)] {
			if digit > 9 || n > maxBody {
				return out
			}
			n = 10*n + int(digit)
		}
		if end < 2 || n > len(raw)-end-1 {
			return out
		}
		out = append(out, raw[end+1:end+1+n])
		raw = raw[end+1+n:]
	}
	return out
}

// unknownSession reads the refusal of a node that did not make the session (engine.io, lib/server.ts).
func unknownSession(body []byte) bool {
	var e struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &e) == nil && e.Code != nil {
		return *e.Code == 1
	}
	return strings.TrimSpace(string(body)) == "Session ID unknown"
}

func short(raw []byte) string { return handshake.Escape(raw, 200) }
