package bus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/minicf/minicf/protocol"
)

// NoStatusPort as ComponentConfig.Port means no HTTP server at all.
const NoStatusPort = -1

// ComponentConfig says how a component introduces itself. All but Type may be left out.
type ComponentConfig struct {
	Type     string // "Stager", "DEA", "Router", "CloudController"
	Index    *int   // of several components of a type
	IP       string // where /varz and /healthz listen and what the component advertises; default 127.0.0.1
	Port     int    // 0: any free port
	User     string // default: 32 random hex digits
	Password string // default: 32 random hex digits
	// Config is shown in /varz, without its secrets.
	Config map[string]any
	// Varz adds figures to /varz each time it is read.
	Varz func() map[string]any
	// Pages are more paths to serve beside /varz and /healthz, such as /routes, and what to show there as JSON each time it is read.
	Pages map[string]func() any
	// Health returns what is wrong, nil when all is well.
	Health func() error
	Log    *slog.Logger
}

// Component is a member of Cloud Foundry as the others see it: it announces itself, answers vcap.component.discover, and
// serves /healthz and /varz behind Basic auth (vcap-common 2.0).
type Component struct {
	bus   *Bus
	cfg   ComponentConfig
	uuid  string
	start time.Time
	addr  string
	usage usage
}

// NewComponent returns a component that nobody has heard of yet.
func NewComponent(b *Bus, cfg ComponentConfig) *Component {
	if cfg.IP == "" {
		cfg.IP = "127.0.0.1"
	}
	if cfg.User == "" {
		cfg.User = Hex(16)
	}
	if cfg.Password == "" {
		cfg.Password = Hex(16)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	uuid := Hex(16)
	if cfg.Index != nil {
		uuid = strconv.Itoa(*cfg.Index) + "-" + uuid
	}
	return &Component{bus: b, cfg: cfg, uuid: uuid}
}

// UUID is the component's id: 32 hex digits, after "<index>-" when it has an index.
func (c *Component) UUID() string { return c.uuid }

// Credentials are the user and the password of /varz and /healthz.
func (c *Component) Credentials() []string { return []string{c.cfg.User, c.cfg.Password} }

// Run serves /healthz and /varz, waits for the bus, announces the component and answers discover until ctx ends. It calls
// ready once the announcement is out.
func (c *Component) Run(ctx context.Context, ready func()) error {
	c.start = time.Now()
	stop, err := c.listen()
	if err != nil {
		return err
	}
	defer stop()
	sub, err := Answer(c.bus, protocol.ComponentDiscover, func(_ protocol.Ignored, reply func(protocol.Component)) {
		me := c.describe()
		me.Uptime = formatUptime(time.Since(c.start))
		reply(me)
	})
	if err != nil {
		return err
	}
	defer sub.Stop()
	if err := c.bus.Connected(ctx); err != nil {
		return ignoreStop(ctx, err)
	}
	if err := Publish(c.bus, protocol.ComponentAnnounce, c.describe()); err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	return nil
}

// listen starts the HTTP server; the result stops it.
func (c *Component) listen() (stop func(), err error) {
	if c.cfg.Port == NoStatusPort {
		c.addr = net.JoinHostPort(c.cfg.IP, "0")
		return func() {}, nil
	}
	l, err := net.Listen("tcp", net.JoinHostPort(c.cfg.IP, strconv.Itoa(c.cfg.Port)))
	if err != nil {
		return nil, fmt.Errorf("listen for the status of the %s: %w", c.cfg.Type, err)
	}
	c.addr = l.Addr().String()
	server := &http.Server{Handler: c.routes(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // ends with ErrServerClosed when we close it
	}()
	return func() {
		_ = server.Close()
		<-served
	}, nil
}

func (c *Component) describe() protocol.Component {
	return protocol.Component{
		Type: c.cfg.Type, Index: c.cfg.Index, UUID: c.uuid, Host: c.addr,
		Credentials: c.Credentials(), Start: c.start.Format(protocol.TimeFormat),
	}
}

// formatUptime writes days, hours, minutes and seconds without padding: "0d:0h:1m:45s".
func formatUptime(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%dd:%dh:%dm:%ds", s/86400, s/3600%24, s/60%60, s%60)
}

// ignoreStop makes an error that is only the consequence of being told to stop no error.
func ignoreStop(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Hex returns n random bytes as hex digits, as all ids on the bus are.
func Hex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand crashes the program first
	return hex.EncodeToString(b)
}

// LocalIP is the address that components advertise: the one from which route is reached, as vcap-common found it by
// connecting a UDP socket. An empty route, or one that cannot be reached, means loopback, so that nothing leaves the
// machine unasked.
func LocalIP(route string) string {
	if route == "" {
		return "127.0.0.1"
	}
	conn, err := net.Dial("udp", net.JoinHostPort(route, "1"))
	if err != nil {
		return "127.0.0.1"
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String()
}
