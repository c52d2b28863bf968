package router

import (
	"net/http/httputil"
	"sync"
)

const copyBuffer = 32 << 10 // bytes

// buffers lends what bodies are copied through.
type buffers struct{ pool sync.Pool }

var _ httputil.BufferPool = (*buffers)(nil)

// Get returns a buffer of 32 KiB.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[copyBuffer]byte); ok {
		return p[:]
	}
	return make([]byte, copyBuffer)
}

// Put takes one back.
func (b *buffers) Put(p []byte) {
	if cap(p) >= copyBuffer {
		b.pool.Put((*[copyBuffer]byte)(p[:copyBuffer]))
	}
}
