package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// longestLine is how much of a line is waited for; what is longer is printed as several.
const longestLine = 64 << 10

// logPrinter prints the lines of many instances, each whole and with its origin in front.
type logPrinter struct {
	json    bool
	colored bool
	width   int            // of the longest name of an instance
	colors  map[string]int // by instance id

	mu    sync.Mutex
	out   io.Writer
	lines int // printed so far
}

func newLogPrinter(s *session, all []protocol.FoundInstance) *logPrinter {
	p := &logPrinter{json: s.json, colored: s.colored(s.out), colors: map[string]int{}, out: s.out}
	palette := []int{36, 33, 35, 32, 34} // of terminals: cyan, yellow, magenta, green, blue; red is for errors
	for i, in := range all {
		p.width = max(p.width, len(instanceName(in)))
		p.colors[in.Instance] = palette[i%len(palette)]
	}
	return p
}

func instanceName(in protocol.FoundInstance) string {
	return fmt.Sprintf("%s/%d", in.Droplet, in.Index)
}

// print copies a log file line by line; with follow it goes on until the instance is gone or ctx ends.
func (p *logPrinter) print(ctx context.Context, in protocol.FoundInstance, f logFile, follow bool) error {
	file, err := client.OpenFile(ctx, in, f.path, follow)
	if err != nil {
		return err
	}
	defer file.Close()
	text := bufio.NewReaderSize(file, longestLine)
	for {
		line, err := text.ReadSlice('\n')
		if len(line) > 0 {
			if err := p.line(in, f.stream, strings.TrimSuffix(string(line), "\n")); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), ctx.Err() != nil:
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return &client.ViewerError{DEA: in.DEA, Err: err}
		}
	}
}

// logLine is a line for programs.
type logLine struct {
	App      protocol.ID  `json:"app"`
	Index    protocol.Int `json:"index"`
	Instance string       `json:"instance"`
	Stream   string       `json:"stream"` // stdout, stderr or err
	Line     string       `json:"line"`
}

func (p *logPrinter) line(in protocol.FoundInstance, stream, line string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines++
	if p.json {
		e := json.NewEncoder(p.out)
		e.SetEscapeHTML(false)
		return e.Encode(logLine{in.Droplet, in.Index, in.Instance, stream, line})
	}
	prefix := fmt.Sprintf("%-*s %-6s |", p.width, instanceName(in), stream)
	if p.colored {
		prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m", p.colors[in.Instance], prefix)
	}
	_, err := fmt.Fprintf(p.out, "%s %s\n", prefix, line)
	return err
}
