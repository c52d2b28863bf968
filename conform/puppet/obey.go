package puppet

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const megabyte = 1 << 20

// obey does what an order says.
func (p *puppet) obey(o Order) Answer {
	a := Answer{ID: o.ID}
	if err := p.do(o, &a); err != nil {
		a.Error = err.Error()
	}
	return a
}

func (p *puppet) do(o Order, a *Answer) error {
	path := filepath.Join(p.report.Dir, o.Path)
	switch o.Do {
	case "listen":
		return p.listen()
	case "read":
		text, err := os.ReadFile(path)
		a.Text = string(text)
		return err
	case "stat":
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		a.Mode = info.Mode().String()
		a.Text, _ = os.Readlink(path) // "" for what is no link
		return nil
	case "write":
		return write(path, o.Text, o.MB)
	case "replace":
		next := path + ".next" // never half of it can be read
		if err := os.WriteFile(next, []byte(o.Text), 0o600); err != nil {
			return err
		}
		return os.Rename(next, path)
	case "eat":
		p.eaten = append(p.eaten, bytes.Repeat([]byte("x"), o.MB*megabyte)) // written to, so that it is there
		return nil
	case "endure":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
		return nil
	}
	return fmt.Errorf("%q is nothing that a puppet can do", o.Do)
}

// write appends to a file.
func write(path, text string, mb int) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	block := strings.Repeat("x", megabyte)
	for range mb {
		if _, err := f.WriteString(block); err != nil {
			return err
		}
	}
	return f.Close()
}
