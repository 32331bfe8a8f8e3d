# Formats of signatures beside files.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v{version}", assets: [ a ], signatures: [ pgp ] }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:59: 'signatures' cannot be 'pgp'; known are: openpgp, checksum, sshsig, minisign
!       main: { tag: "v{version}", assets: [ a ], signatures: [ pgp ] }
!                                                               ^
= 1
