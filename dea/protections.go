package dea

import (
	"strings"

	"github.com/minicf/minicf/dea/isolation"
)

// describeIsolation says what instances are kept from and held to, and what of it this machine does not offer. /varz has
// the details.
func (d *DEA) describeIsolation() {
	p, ok := d.backend.(isolation.Protector)
	if !ok {
		return
	}
	var on, off []string
	for _, protection := range p.Protections() {
		d.log.Debug("protection", "name", protection.Name, "on", protection.On, "detail", protection.Detail)
		if protection.On {
			on = append(on, protection.Name)
		} else {
			off = append(off, protection.Name)
		}
	}
	d.log.Info("instances are isolated", "isolation", d.backend.Name(), "protections", strings.Join(on, ", "))
	if len(off) > 0 {
		d.log.Warn("some protections are not there", "isolation", d.backend.Name(), "missing", strings.Join(off, ", "))
	}
}
