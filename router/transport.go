package router

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	// backendIdle is how long a connection to an app is kept for the next request. Servers close theirs after 5 s (Node)
	// and more; a request that meets such an end fails.
	backendIdle = 4 * time.Second
	// idlePerBackend is how many of them are kept. Beyond the number in use at once they save nothing; below it every request
	// leaves a connection in TIME_WAIT, until the machine has no ports left.
	idlePerBackend = 256
	maxBackendHead = 256 << 10 // bytes of an app's response header, interim ones included
	// continueTimeout is how long an app that was asked whether it wants a body may take to say so.
	continueTimeout = time.Second
)

// transport speaks HTTP/1.1 to the apps, in the goroutine that wants the answer: net/http's Transport has two more for each
// connection, and hands every request to and fro between the three, which costs more than all the rest of the router. Only a body that
// goes to an app has a goroutine of its own here, because the app may answer before it has read it.
//
// The zero value is ready. Errors are those of net and net/http; one of net with the Op "dial" means that no app was reached.
type transport struct {
	buffers buffers

	mu     sync.Mutex
	idle   map[string][]*conn // by address; the last was used last
	closed bool               // no connection is kept any more
}

var _ http.RoundTripper = (*transport)(nil)

// RoundTrip sends a request to the host of its URL and returns as soon as the head of the answer is there. When it fails, the request
// may be changed and sent again, if its body has not been read.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, addr := req.Context(), req.URL.Host
	c := t.reuse(addr)
	if c == nil {
		var err error
		if c, err = dial(ctx, t, addr); err != nil {
			return nil, err
		}
		return c.roundTrip(req)
	}
	res, err := c.roundTrip(req)
	if err == nil || c.heard || req.Body != nil || !idempotent(req.Method) || ctx.Err() != nil {
		return res, err
	}
	// An app that closes a connection because it was idle may do so while the next request is under way. Once more, over a new one;
	// when there is none, the app may have died of the request, so that the first error is the one to tell.
	fresh, dialErr := dial(ctx, t, addr)
	if dialErr != nil {
		return nil, err
	}
	return fresh.roundTrip(req)
}

// reuse returns a connection to an address that was used before and is still good, or nil.
func (t *transport) reuse(addr string) *conn {
	for c := t.take(addr); c != nil; c = t.take(addr) {
		if c.alive() {
			return c
		}
		c.Close()
	}
	return nil
}

func (t *transport) take(addr string) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.idle[addr]
	if len(all) == 0 {
		return nil
	}
	t.idle[addr] = all[:len(all)-1]
	return all[len(all)-1]
}

func (t *transport) put(c *conn) {
	c.idleSince = time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle == nil {
		t.idle = map[string][]*conn{}
	}
	if t.closed || len(t.idle[c.addr]) >= idlePerBackend {
		c.Close()
		return
	}
	t.idle[c.addr] = append(t.idle[c.addr], c)
}

// run closes connections that have been idle for too long, until ctx ends.
func (t *transport) run(ctx context.Context) {
	tick := time.Tick(backendIdle / 4)
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick:
			t.closeIdle(now.Add(-backendIdle))
		}
	}
}

// close closes what is idle, and lets nothing become so.
func (t *transport) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.closeIdle(time.Now())
}

// closeIdle closes the connections that were last used at that time or before.
func (t *transport) closeIdle(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for addr, all := range t.idle {
		old := 0
		for old < len(all) && !all[old].idleSince.After(at) {
			all[old].Close()
			old++
		}
		if t.idle[addr] = slices.Delete(all, 0, old); old == len(all) {
			delete(t.idle, addr)
		}
	}
}

// conn is a connection to an app. One request at a time goes over it.
type conn struct {
	net.Conn
	transport *transport
	addr      string
	in        *bufio.Reader // of Conn, through Read
	out       *bufio.Writer
	raw       syscall.RawConn
	idleSince time.Time

	// Of the request that is under way.
	heard  bool         // something of the answer has come
	room   int64        // bytes that may still come before the head of the answer is complete
	parts  atomic.Int32 // of its two, the body that goes there and the answer that comes back, how many are not over
	broken atomic.Bool  // no other request may follow
	watch  func() bool  // ends the watch over the request's context
}

func dial(ctx context.Context, t *transport, addr string) (*conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	tcp, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	raw, err := tcp.(*net.TCPConn).SyscallConn()
	if err != nil {
		tcp.Close()
		return nil, err
	}
	c := &conn{Conn: tcp, transport: t, addr: addr, raw: raw}
	c.in, c.out = bufio.NewReader(c), bufio.NewWriter(tcp)
	return c, nil
}

// alive reports whether the app still has an idle connection open, and has nothing to say on it.
func (c *conn) alive() bool {
	idle := false
	err := c.raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		idle = err == syscall.EAGAIN
		return true
	})
	return err == nil && idle
}

// Read is for in. It keeps the head of an answer within bounds.
func (c *conn) Read(p []byte) (int, error) {
	if c.room <= 0 {
		return 0, fmt.Errorf("the head of the answer has more than %d bytes", maxBackendHead)
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.room)])
	c.room -= int64(n)
	c.heard = c.heard || n > 0
	return n, err
}

// roundTrip sends a request and reads the head of the answer.
func (c *conn) roundTrip(req *http.Request) (*http.Response, error) {
	c.heard, c.room = false, maxBackendHead
	c.watch = context.AfterFunc(req.Context(), func() { c.Close() })
	c.parts.Store(1)
	goAhead := make(chan bool, 1)
	sendErr := c.writeHead(req)
	if sendErr == nil && req.Body != nil {
		c.parts.Store(2)
		go c.writeBody(req, goAhead)
	}
	res, err := c.readHead(req, goAhead)
	if err != nil {
		c.Close()
		c.over(false)
		return nil, cmp.Or(sendErr, err)
	}
	c.room = math.MaxInt64
	if res.StatusCode == http.StatusSwitchingProtocols {
		res.Body = upgraded{c}
		return res, nil
	}
	res.Body = &answer{body: res.Body, conn: c, last: res.Close || sendErr != nil}
	return res, nil
}

// over notes that a part of the request is: the second one to say so gives the connection back.
func (c *conn) over(clean bool) {
	if !clean {
		c.broken.Store(true)
	}
	if c.parts.Add(-1) > 0 {
		return
	}
	if c.watch() && !c.broken.Load() && c.in.Buffered() == 0 {
		c.transport.put(c)
		return
	}
	c.Close()
}

func (c *conn) writeHead(req *http.Request) error {
	w := c.out
	w.Reset(c.Conn) // forgets an error
	field := func(name, value string) {
		_, _ = w.WriteString(name + value + "\r\n") // an error stays for Flush
	}
	field(req.Method+" "+req.URL.RequestURI(), " HTTP/1.1")
	field("Host: ", req.Host)
	if agent := req.Header.Get("User-Agent"); agent != "" {
		field("User-Agent: ", agent)
	}
	switch {
	case req.Body == nil:
		if req.Method == http.MethodPost || req.Method == http.MethodPut || req.Method == http.MethodPatch {
			field("Content-Length: ", "0")
		}
	case req.ContentLength > 0:
		field("Content-Length: ", strconv.FormatInt(req.ContentLength, 10))
	default:
		field("Transfer-Encoding: ", "chunked")
		for name := range req.Trailer {
			field("Trailer: ", name)
		}
	}
	said := map[string]bool{"Host": true, "User-Agent": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true}
	_ = req.Header.WriteSubset(w, said)
	_, _ = w.WriteString("\r\n")
	return w.Flush()
}

// writeBody sends the body as it comes from the client. Where an app was asked whether it wants it, its word is waited for.
func (c *conn) writeBody(req *http.Request, goAhead <-chan bool) {
	if req.Header.Get("Expect") != "" && !wanted(goAhead) {
		c.over(false)
		return
	}
	buf := c.transport.buffers.Get()
	defer c.transport.buffers.Put(buf)
	chunked := req.ContentLength <= 0
	for {
		n, err := req.Body.Read(buf)
		if n > 0 {
			c.writePart(buf[:n], chunked)
		}
		switch {
		case err == io.EOF:
			c.over(c.writeEnd(req.Trailer, chunked) == nil)
			return
		case err != nil: // the app would wait for the rest for ever
			c.Close()
			c.over(false)
			return
		case c.out.Flush() != nil:
			c.over(false)
			return
		}
	}
}

// writePart leaves errors to the next Flush.
func (c *conn) writePart(part []byte, chunked bool) {
	if chunked {
		fmt.Fprintf(c.out, "%x\r\n", len(part))
	}
	_, _ = c.out.Write(part)
	if chunked {
		_, _ = c.out.WriteString("\r\n")
	}
}

func (c *conn) writeEnd(trailer http.Header, chunked bool) error {
	if chunked {
		_, _ = c.out.WriteString("0\r\n")
		_ = trailer.Write(c.out)
		_, _ = c.out.WriteString("\r\n")
	}
	return c.out.Flush()
}

// wanted waits until an app says whether it wants a body, or says nothing for so long that it may not know how to.
func wanted(goAhead <-chan bool) bool {
	select {
	case yes := <-goAhead:
		return yes
	case <-time.After(continueTimeout):
		return true
	}
}

// readHead reads the head of the answer, and passes on those that come before it.
func (c *conn) readHead(req *http.Request, goAhead chan<- bool) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(req.Context())
	for {
		res, err := http.ReadResponse(c.in, req)
		interim := err == nil && res.StatusCode < http.StatusOK && res.StatusCode != http.StatusSwitchingProtocols
		if !interim || res.StatusCode == http.StatusContinue {
			select {
			case goAhead <- interim:
			default: // that has been decided
			}
		}
		if !interim {
			return res, err
		}
		if trace != nil && trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(res.StatusCode, textproto.MIMEHeader(res.Header)); err != nil {
				return nil, err
			}
		}
	}
}

// answer is the body of an app's answer. It frees the connection as soon as it has been read.
type answer struct {
	body io.Reader
	conn *conn
	last bool // on this connection
	over bool
}

// Read reads up to the end of the body.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if err != nil {
		a.end(err == io.EOF && !a.last)
	}
	return n, err
}

// Close gives up what has not been read, and the connection with it.
func (a *answer) Close() error {
	a.end(false)
	return nil
}

func (a *answer) end(clean bool) {
	if a.over {
		return
	}
	a.over = true
	if !clean {
		a.conn.Close()
	}
	a.conn.over(clean)
}

// upgraded is a connection that has become something else than HTTP. It is closed when the request's context ends, at the latest, and as
// soon as one of the two ends has closed its own: it has no CloseWrite, because an app that does not mind would keep half of it for ever.
type upgraded struct{ *conn }

var _ io.ReadWriteCloser = upgraded{}

// Read reads also what has come with the head of the answer.
func (u upgraded) Read(p []byte) (int, error) { return u.in.Read(p) }
