import {createPrivateKey, X509Certificate} from 'node:crypto'
import {describe, expect, it} from 'vitest'
import {createCertificate} from '../../src/client/certificate.ts'
import {parseTrustToken} from '../../src/client/trust-token.ts'

describe('our own certificate', () => {
  const now = new Date('2026-03-04T05:06:07Z')
  const pem = createCertificate('omni@ümlaut', now)
  const certificate = new X509Certificate(pem)

  it('is signed by its own key, for ten years and for clients alone', () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(pem))).toBe(true)
    expect(certificate.subject).toBe('CN=omni@ümlaut')
    expect(certificate.issuer).toBe(certificate.subject)
    expect(certificate.validFromDate).toEqual(new Date('2026-03-03T05:06:07Z'))
    expect(certificate.validToDate).toEqual(new Date('2036-03-01T05:06:07Z'))
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(certificate.ca).toBe(false)
  })

  it('is another one each time, also when it ends after 2049', () => {
    const late = new X509Certificate(createCertificate('omni', new Date('2045-01-01T00:00:00Z')))

    expect(late.validToDate.getUTCFullYear()).toBe(2054)
    expect(late.fingerprint256).not.toBe(certificate.fingerprint256)
    expect(late.serialNumber).not.toBe(certificate.serialNumber)
  })
})

describe('a trust token', () => {
  const tokenOf = (fields: unknown) => Buffer.from(JSON.stringify(fields)).toString('base64')
  const fields = {client_name: 'a', fingerprint: 'ab', addresses: ['1.2.3.4:8443'], secret: 's'}

  it('is read with the end of its time', () => {
    expect(parseTrustToken(tokenOf({...fields, expires_at: '2026-01-02T03:04:05Z'}))).toMatchObject({
      fingerprint: 'ab',
      expiresAt: new Date('2026-01-02T03:04:05Z'),
    })
  })

  it('without an end is good for ever', () => {
    expect(parseTrustToken(tokenOf(fields))?.expiresAt).toBeUndefined()
    expect(parseTrustToken(tokenOf({...fields, expires_at: '0001-01-01T00:00:00Z'}))?.expiresAt).toBeUndefined()
  })

  it.each(['', 'nonsense', tokenOf({}), tokenOf({...fields, secret: ''}), tokenOf([])])('is not %j', (text) => {
    expect(parseTrustToken(text)).toBeUndefined()
  })
})
