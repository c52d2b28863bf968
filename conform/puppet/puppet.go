// Package puppet is the program inside the apps that the conformance kit has a DEA run: it tells the kit what it finds itself in, and
// does what the kit tells it.
//
// The startup script of such an app has a line
//
//	PROGRAM URL "$@" &
//
// where PROGRAM calls Main. The puppet posts a Report to URL; the answer is a stream of Orders, one JSON object a line, and what
// becomes of each is posted to URL/ID, ID being in the header of that answer. It lives as long as that stream: when the kit is gone, however it went, so are
// its apps.
package puppet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// IDHeader is the header of the answer to a report that says who the process is from now on.
const IDHeader = "Puppet"

// Report is what a process finds when it starts.
type Report struct {
	Args []string          `json:"args"` // behind the URL: what the DEA gave to startup
	Env  map[string]string `json:"env"`
	Dir  string            `json:"dir"`
	PID  int               `json:"pid"`
}

// Order is something to do.
type Order struct {
	ID   int    `json:"id"`
	Do   string `json:"do"`   // listen, exit, read, stat, write, replace, eat, endure
	Code int    `json:"code"` // exit: with this status
	Path string `json:"path"` // of a file, relative to the directory of the process
	Text string `json:"text"` // write: appended; replace: the new content
	MB   int    `json:"mb"`   // eat: memory; write: this much more of anything
}

// Answer is what became of an order.
type Answer struct {
	ID    int    `json:"id"`
	Error string `json:"error,omitempty"`
	Text  string `json:"text,omitempty"` // read: the content; stat of a link: where it leads
	Mode  string `json:"mode,omitempty"` // stat: "-r-x------"
}

// puppet is the process.
type puppet struct {
	url    string
	report Report
	client *http.Client
	eaten  [][]byte
}

// Main is the program: args are the URL and what the DEA gave to startup. It returns the exit status.
func Main(ctx context.Context, args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "puppet: no URL; this program is part of the conformance kit, and started by its apps alone")
		return 2
	}
	// Its own transport, so that no proxy of the environment comes in between.
	p := &puppet{url: args[0], report: look(args[1:]), client: &http.Client{Transport: &http.Transport{}}}
	code, err := p.serve(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "puppet:", err)
	}
	return code
}

// look finds out where the process is.
func look(args []string) Report {
	r := Report{Args: args, Env: map[string]string{}, PID: os.Getpid()}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		r.Env[name] = value
	}
	r.Dir, _ = os.Getwd() // "" says that there is none
	return r
}

// serve obeys until it is told to exit, or nobody is there any more to tell.
func (p *puppet) serve(ctx context.Context) (code int, err error) {
	resp, err := p.post(ctx, p.url, p.report)
	if err != nil {
		return 1, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var o Order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return 1, err
		}
		if o.Do == "exit" {
			return o.Code, nil
		}
		done, err := p.post(ctx, p.url+"/"+resp.Header.Get(IDHeader), p.obey(o))
		if err != nil {
			return 1, err
		}
		done.Body.Close()
	}
	return 1, errors.New("the kit is gone")
}

func (p *puppet) post(ctx context.Context, url string, v any) (*http.Response, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := p.client.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, errors.New(resp.Status)
	}
	return resp, err
}

// port is what the process was told to listen on: -p PORT, else $VCAP_APP_PORT; 0 is none.
func (p *puppet) port() int {
	for i, arg := range p.report.Args {
		if arg == "-p" && i+1 < len(p.report.Args) {
			n, _ := strconv.Atoi(p.report.Args[i+1])
			return n
		}
	}
	n, _ := strconv.Atoi(p.report.Env["VCAP_APP_PORT"])
	return n
}

// listen answers everybody on the port of the process with its pid. The server ends with the process.
func (p *puppet) listen() error {
	l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(p.port())))
	if err != nil {
		return err
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // nobody but the kit asks
			fmt.Fprintf(w, "puppet %d", p.report.PID)
		}))
	}()
	return nil
}
