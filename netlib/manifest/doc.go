// Package manifest reads and writes fabric files: intent as YAML (or JSON) that
// people write by hand.
//
//	nodes:
//	  - {name: node-1, tunnel: 192.0.2.1}
//	segments:
//	  - name: dc-web-network
//	    subnets: [10.0.11.0/24]
//	    targets: {both: ["64512:11"], import: [], export: []} # the operator's, usually absent
//	routers:
//	  - name: dc-router
//	    segments: [dc-web-network]
//	    targets: ["64512:201"]
//	securityGroups:
//	  - name: dc-web-sg
//	    rules:
//	      - allow in tcp/22 from group mgmt-sg
//	      - allow in tcp/8000-8080 from 10.0.0.0/8
//	      - allow in icmp from any
//	ports:
//	  - name: web-1
//	    segment: dc-web-network
//	    node: node-1
//	    address: 10.0.11.10 # left out: the lowest free one
//	    securityGroups: [dc-web-sg]
//	gateways:
//	  - name: outside-router
//	    tunnel: 192.0.2.254
//	    static:
//	      - {name: check-host, prefix: 172.31.9.34/32, targets: ["64512:201"]}
//	delete: [port/web-2, segment/old-network]
//
// Rules are sentences as netlib.ParseRule reads them. The structured forms of
// the API's JSON (rules with direction, protocol, ...; deletions with kind and
// name; assigned ids and labels) are understood too, so that an edit of the API
// is a fabric file.
//
// Reading is strict: an unknown field, a value of the wrong form and a repeated
// key are errors with file, line and column, the field and the fix; all are
// reported at once. Anchors, aliases, tags and several documents in one file are
// refused. Whether names exist and prefixes overlap is for netlib.Edit.Apply to
// say; Annotate adds the places to what it finds.
//
// This package must not know what the fabric holds.
package manifest
