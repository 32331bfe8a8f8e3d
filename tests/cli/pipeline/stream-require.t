# Evidence that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v{version}", assets: [ a ], require: [ provenance, tests ] }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:68: 'require' cannot be 'tests'; known are: provenance, test-result, vulns, spdx, cyclonedx
!     , assets: [ a ], require: [ provenance, tests ] }
!                                             ^
= 1
