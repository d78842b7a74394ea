package handshake

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The frames are read here rather than by coder/websocket: its client wants to make the request and judge the answer
// itself, and it hides what a diagnosis needs: which frame came first, a pong that does not match, the bytes of a
// server that breaks the protocol, a close without a Close frame.

// Opcodes of RFC 6455 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

const (
	maxKept  = 16 << 10 // bytes of a frame that a trace keeps
	maxFrame = 8 << 20  // bytes that are read past before the frame is given up
)

// frame is one frame of a server.
type frame struct {
	fin     bool
	op      byte
	size    int    // of the payload
	payload []byte // its first bytes, as many as are kept
}

// errFrame is what a server does against RFC 6455 section 5.
type errFrame struct{ what string }

func (e errFrame) Error() string { return e.what }

// readFrame reads one frame of a server and keeps the first bytes of its payload. Every error but a read error is an
// errFrame.
func readFrame(r *bufio.Reader, keep int) (frame, error) {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return frame{}, ended(err)
	}
	f := frame{op: h[0] & 0x0F, fin: h[0]&0x80 != 0}
	control := f.op&0x8 != 0
	switch {
	case h[0]&0x70 != 0:
		return f, errFrame{fmt.Sprintf("a frame with reserved bits 0x%02x, though no extension was agreed on", h[0]&0x70)}
	case f.op > opBinary && f.op < opClose || f.op > opPong:
		return f, errFrame{fmt.Sprintf("a frame with the unknown opcode 0x%x", f.op)}
	case h[1]&0x80 != 0:
		return f, errFrame{"a masked frame; only clients mask"}
	case control && (!f.fin || h[1] > 125):
		return f, errFrame{"a control frame that is fragmented or longer than 125 bytes"}
	}
	size := uint64(h[1])
	switch size {
	case 126:
		var ext [2]byte
		if _, err := io.ReadFull(r, ext[:]); err != nil {
			return f, ended(err)
		}
		size = uint64(binary.BigEndian.Uint16(ext[:]))
	case 127:
		var ext [8]byte
		if _, err := io.ReadFull(r, ext[:]); err != nil {
			return f, ended(err)
		}
		size = binary.BigEndian.Uint64(ext[:])
	}
	if size > maxFrame {
		return f, errFrame{fmt.Sprintf("a frame that announces %d bytes", size)}
	}
	f.size = int(size)
	f.payload = make([]byte, min(f.size, keep))
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return f, ended(err)
	}
	if _, err := io.CopyN(io.Discard, r, int64(f.size-len(f.payload))); err != nil {
		return f, ended(err)
	}
	return f, nil
}

// ended makes the end in the middle of a frame the same as the end between frames: both lack a Close frame.
func ended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// appendFrame appends a whole frame of a client, masked as RFC 6455 5.3 demands.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	var mask [4]byte
	rand.Read(mask[:])
	b = append(b, 0x80|op)
	switch n := len(payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 0xFFFF:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i&3])
	}
	return b
}

// closePayload returns the payload of a Close frame (RFC 6455 5.5.1).
func closePayload(code int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(code)) }
